/**
 * Types only: what passes from step to step. Steps do not import steps; they meet in `runtime.ts`.
 */
import type { Refused } from "@millwright/kit";
import type {
  AskedAcknowledgement,
  DeviceId,
  Epoch,
  JournalBirth,
  GatewayOrder,
  LaneMark,
  LossCount,
  LossReason,
  LossScope,
  OrderState,
  RoadLane,
  SampleColumns,
  Scalar,
  TagAnswer,
  NamedTag,
  TagId,
} from "@millwright/wire-contract";
import type {
  AlarmCounts,
  AlarmRow,
  AuditEntry,
  Contribution,
  EpisodeEvent,
  EventKind,
  EventRecord,
  NewEvent,
  OperatingState,
  Verdict,
} from "@millwright/wire-contract/events";

/** What acquire hands to normalise. */
export type { ReadingBatch } from "./acquire/driver.ts";

/** What acquire hands to decide: the alarms that devices own; and what people do to them. */
export type { ConditionAct, ConditionNews, MachineCondition } from "./acquire/machine-condition.ts";

/** What buffer answers to capture. */
export type { Kept } from "./buffer/captures/captures.ts";

/** What publish shows of itself. */
export type { PublishState } from "./publish/sparkplug/publish-state.ts";

/** What buffer hands to publish. */
export type { KeptFeed } from "./buffer/kept-feed.ts";

/** What acquire hands to capture. */
export type { ArrayReading } from "./acquire/driver.ts";

/** How rules, the page and the hub have something written: the one road to a machine. */
export type { Command, CommandDesk } from "./decide/commands/command.ts";

/** Samples of one device after normalise, on their way to buffer and serve. `tag` holds dictionary indices. */
export interface SampleBatch extends SampleColumns {
  readonly device: DeviceId;
  readonly receivedUs: number;
  /** From a device's history: never sets a current value. */
  readonly late: boolean;
  /** Called once, after the commit that holds all of them. */
  readonly settle?: () => Promise<void>;
}

/** A loss on its way into the ledger. Rows of equal scope, reason and adjoining time are merged while they are open. */
export interface Loss {
  readonly reason: LossReason;
  readonly scope: LossScope;
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: LossCount;
}

/**
 * What the system says of the gateway's own clock. `set`: a time server or PTP disciplines it. `unset`: nothing does.
 * `unknown`: nobody can be asked, as in most containers; then nothing better is claimed than for `unset`.
 */
export type GatewayClockState = "set" | "unset" | "unknown";

/** A tag as the settings declare it; its index is given by the journal. */
export type DeclaredTag = NamedTag;

/** One sealed frame on its way to the hub. */
export interface OutboxFrame {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  readonly seq: number;
  readonly sampleCount: number;
  /** When it was sealed, µs; the age of the oldest waiting frame is how far the hub is behind. */
  readonly sealedUs: number;
  /** The whole frame. */
  readonly bytes: Uint8Array;
  /** It stands for frames that are gone. */
  readonly isVoid?: true;
}

/** Where one lane of one epoch stands. */
export interface OutboxLane {
  readonly epoch: Epoch;
  readonly parent?: Epoch;
  readonly startedUs: number;
  /** Last commit of the epoch before that is this journal's own, µs; 0 for the first. */
  readonly lastCommitUs: number;
  readonly lane: RoadLane;
  readonly baseSeq: number;
  readonly baseChain: bigint;
  readonly storedSeq: number;
  readonly headSeq: number;
  readonly headChain: bigint;
}

/** What sync needs of the journal. */
export interface Outbox {
  /**
   * Epochs oldest first, lanes in their order; held epochs only. After `agree` of another incarnation those of released
   * epochs, too, until the hub has said what it has of them.
   */
  lanes(): Promise<readonly OutboxLane[]>;
  /** Frames after `seq`, in order, until `bytesMax` is passed (at least one when there is one). */
  framesAfter(
    epoch: Epoch,
    lane: RoadLane,
    seq: number,
    bytesMax: number,
  ): Promise<readonly OutboxFrame[]>;
  /**
   * Takes a mark of the agreed incarnation. Frames at or below `safeSeq` are released with a later commit. `ignored`: it
   * says nothing that is new. `foreign`: its chain is not the journal's own at that number, or it lies above the last
   * number sealed, so another journal has gone on in this epoch.
   */
  take(mark: LaneMark): Promise<"taken" | "foreign" | "ignored">;
  /**
   * After a foreign mark: what is held of its lane above the last proven number is sealed again, in the running epoch; when
   * that is the one of the mark, a new one begins first, which has to be told with another hello.
   */
  leave(mark: LaneMark): Promise<void>;
  /**
   * At hello: when the hub stands below what was released, the lane goes back to its mark. Frames that are still here
   * are sent again; a void stands for the others. Answers whether the lane went back.
   */
  rewind(mark: LaneMark): Promise<boolean>;
  /** What the journal is known by: its first start. */
  birth(): JournalBirth;
  /** Remembered with the journal: the database incarnation that both sides last agreed on. */
  incarnation(): string | undefined;
  agree(incarnation: string): Promise<void>;
  /** Waiting now: frames and samples above `stored`, age of the oldest in µs (0 when none waits). */
  waiting(): { readonly frames: number; readonly samples: number; readonly oldestSealedUs: number };
  /** Calls back after each commit that sealed something for the road. Returns what takes the call back. */
  onSealed(listener: () => void): () => void;
  /** The link is up: open ledger rows are sealed with the coming commits. */
  linkUp(up: boolean): void;
  /** Somebody looks at these tags for the next seconds (`watchedForMs`): they are told in full, with each commit. */
  watch(tags: readonly TagId[]): void;
}

/** How far an order of the hub has come. Kept with the journal. */
export interface OrderProgress {
  readonly state: OrderState;
  /** When it came, µs: what was measured before is answered from what is kept. */
  readonly receivedUs: number;
  /** Where the answer goes on: tags from this place of the order's list, from this time. */
  readonly tag: number;
  readonly atUs: number;
  /** Sealed for the road so far. */
  readonly samples: number;
  readonly bytes: number;
  /** For a person; "" when there is nothing to say. */
  readonly note: string;
  /** Once it is `answered`. */
  readonly tags?: readonly TagAnswer[];
}

export interface HeldOrder {
  readonly order: GatewayOrder;
  readonly progress: OrderProgress;
}

/** What sync needs of the journal to serve the hub's orders. All that is changed is on disk when the call resolves. */
export interface OrderBook {
  /** Oldest first. */
  held(): readonly HeldOrder[];
  /** When all that is answered of it lies in the past, and when all of it does, µs. */
  times(held: HeldOrder): { readonly answersUs: number; readonly endsUs: number };
  /** All that the hub wants now: others are dropped, new ones begin as `waiting`. */
  want(orders: readonly GatewayOrder[]): Promise<void>;
  /** Moves an order on. Of one that is not held any more, nothing happens. */
  move(id: number, state: OrderState, note?: string): Promise<void>;
  /** Everything kept so far is told, and what is left out is claimed: then it is known what an answer heals. */
  tellAll(): Promise<void>;
  /**
   * Seals the next piece of an answer.
   *
   * @returns its bytes, whether it was the last, and whether hours that it needs are still being made: nothing was sealed
   */
  answer(
    id: number,
  ): Promise<{ readonly bytes: number; readonly last: boolean; readonly waits?: boolean }>;
  /**
   * Reads what is kept of the range, and moves the order to `answered`; not while hours of it are being made: then it is to
   * be asked again. @param signal aborts: it rejects
   */
  compare(id: number, signal: AbortSignal): Promise<void>;
}

/**
 * The current value of every tag by its dictionary index, for rules, alarms and commands. Nothing is allocated by a look.
 * Late samples never change it.
 */
export interface TagView {
  /** As it came: a number (of a Boolean tag 0 or 1), or what a double cannot hold; undefined before the first. */
  value(index: number): Scalar | undefined;
  /** OPC UA status code of the newest value; judge it by severity. */
  status(index: number): number;
  /** µs; 0 before the first. */
  measuredUs(index: number): number;
  /** When it was last proven to hold, by the gateway's clock, µs; 0 before the first. */
  confirmedUs(index: number): number;
  /** Older than this after its last proof, it is stale, µs (`staleAfterMs` of its rhythm). */
  freshForUs(index: number): number;
}

/** What screens see of rules, and how people pause them. */
export type { RuleActDone, RuleDesk } from "./decide/rules/rule-row.ts";

/** Who sees each sample as it comes: detect and decide. */
export interface SampleWatcher {
  /** After the journal has accepted it. The columns are used again after the call: what is needed is taken at once. */
  watch(batch: SampleBatch): void;
  /** What a device said before still holds: all of it, or that of these dictionary indices. */
  confirm?(device: DeviceId, atUs: number, indices?: readonly number[]): void;
}

/** Plain data that a step finds again after a restart. */
export type SavedState =
  string | number | boolean | null | readonly SavedState[] | { readonly [key: string]: SavedState };

/** Which events are asked for; all when nothing is said. */
export interface EventQuery {
  readonly kind?: EventKind;
  readonly asset?: string;
  readonly subject?: string;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Only those before this number: for the next page. */
  readonly before?: number;
  /**
   * By the time at which it happened instead of by number, the newest first either way. Needs `kind`; then no more rows are
   * read than `max`, however long the journal is and wherever in it the time lies.
   */
  readonly order?: "time";
  readonly max: number;
}

/** What detect and decide need of the journal: what happened, and what they were about. */
export interface EventBook {
  /**
   * Keeps events, in this order, with numbers of their own. On disk, and on their way in the critical lane, when it
   * resolves: within 50 ms.
   */
  keep(events: readonly NewEvent[]): Promise<readonly EventRecord[]>;
  /** The newest first. */
  list(query: EventQuery): Promise<readonly EventRecord[]>;
  /** Kept with the next commit, in the same transaction as the events before it. @param part for example "alarms" */
  saveState(part: string, state: SavedState): void;
  /** What was saved last, also when it is not on disk yet. */
  state(part: string): SavedState | undefined;
  /** Called with events that were kept, after their commit. Returns what takes the call back. */
  onKept(listener: (events: readonly EventRecord[]) => void): () => void;
}

/** Who may do what at the gateway; each may all that those before it may (ux-guide section 6). */
export type Role = "viewer" | "technician" | "supervisor" | "engineer";

/** Somebody who has signed in, and from where. */
export interface Person {
  /** Permanent: as audit entries and alarms name the person. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Address and kind of the device: "192.168.4.20, Firefox on Windows". */
  readonly device: string;
}

/** What is known of a request before anybody is. */
export interface Asked {
  /** In lower case; undefined when it was not sent. */
  header(name: string): string | undefined;
  /** Of the other end of the connection, as the socket has it. */
  readonly address: string;
  /** It came over TLS. */
  readonly secure: boolean;
  /** It came from this machine, under a name of its loopback. */
  readonly local: boolean;
}

/** Why somebody may not act, in words for the page. 401: sign in; 403: another role, or another road. */
export interface NotAllowed {
  readonly kind: "refused";
  readonly status: 401 | 403;
  readonly reason: string;
  /** Where acting is possible, when it is not here. */
  readonly https?: string;
}

/** An audit entry before it is chained. Rules and the hub are persons here, too: "rule R-7", "hub". */
export type AuditNote = Omit<AuditEntry, "index" | "chain">;

/** What a route that acts needs to know of people. */
export interface AccessDoor {
  /** Who is signed in; a session that is locked is nobody. Counts as no touch. */
  person(asked: Asked): Person | undefined;
  /** The person, if the request comes over a road on which acting is allowed, with its token, from one of at least this role. */
  require(asked: Asked, role: Role): Person | NotAllowed;
  /** On disk, and chained to all entries before it, when it resolves. */
  audit(note: AuditNote): Promise<void>;
}

/** A question that a page asks. */
export interface RouteCall {
  readonly asked: Asked;
  /** By the names in the path: `/api/alarms/:id` gives `id`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Aborts when the page does not wait any more. */
  readonly signal: AbortSignal;
}

/** JSON for the page. 400: the question was wrong; 404: there is no such thing; 409: the world has changed meanwhile. */
export interface RouteAnswer {
  readonly status?: 200 | 400 | 404 | 409;
  readonly json: unknown;
}

/** GET: anybody may look. */
export interface LookingRoute {
  readonly kind: "look";
  /** "/api/alarms" */
  readonly path: string;
  look(call: RouteCall): RouteAnswer | Promise<RouteAnswer>;
}

/** POST, with a JSON body: a person of at least this role does something, and it is audited. */
export interface ActingRoute {
  readonly kind: "act";
  readonly path: string;
  readonly role: Role;
  act(
    call: RouteCall & {
      readonly person: Person;
      /** As it was sent: for a parser. */
      readonly body: unknown;
    },
  ): Promise<
    RouteAnswer & {
      /** Kept before the page is answered; person and device are added. A wrong question (400) needs none. */
      readonly audit: Omit<AuditNote, "person" | "device"> | undefined;
    }
  >;
}

/** POST, with a JSON body, of somebody who is nobody yet. Only signing in and out are such. */
export interface EnteringRoute {
  readonly kind: "enter";
  readonly path: string;
  enter(
    asked: Asked,
    body: unknown,
  ): Promise<{
    /** 429: not now; `json` says for how long. */
    readonly status?: 200 | 400 | 401 | 403 | 409 | 429;
    readonly json: unknown;
    /** A `Set-Cookie` header. */
    readonly cookie?: string;
  }>;
}

/** What parts give the page to ask for, besides what it always has. */
export type PageRoute = LookingRoute | ActingRoute | EnteringRoute;

/** What is known of a value when its alarm is raised. */
export interface AlarmFacts {
  /** Instead of the message of the settings. */
  readonly message?: string;
  readonly tag?: TagId;
  readonly value?: number;
  readonly limit?: number;
}

/** What a person asks of alarms. */
export type AlarmAct =
  | { readonly act: "acknowledge"; readonly alarm: string; readonly raisedUs: number }
  | {
      readonly act: "shelve";
      readonly alarm: string;
      readonly minutes: number;
      readonly reason: string;
    }
  | { readonly act: "unshelve" | "reset" | "return-to-service"; readonly alarm: string }
  | { readonly act: "take-out-of-service"; readonly alarm: string; readonly workOrder: string };

/** Who acts on an alarm at this gateway. */
export interface AlarmActor {
  readonly person: string;
  /** May shelve alarms of priority 1. */
  readonly supervisor: boolean;
}

/** What came of an acknowledgement of somebody at the hub. */
export interface AnswerToHub {
  readonly asked: AskedAcknowledgement;
  /** Why it was refused; absent when it was done. */
  readonly refused?: string;
}

/** The alarms of this gateway, which owns them. Ids are those of the settings. */
export interface AlarmDesk {
  /**
   * The condition of an alarm that the settings leave to others (`raisedBy`) holds. Repeating it changes nothing.
   *
   * @returns false when no such alarm may be raised from outside
   */
  raise(alarm: string, facts?: AlarmFacts): boolean;
  /** It holds no longer. */
  clear(alarm: string): boolean;
  /** On disk when it resolves. An act that has been done already is done, not refused. */
  act(act: AlarmAct, actor: AlarmActor): Promise<{ readonly kind: "done" } | Refused>;
  /** What people at the hub acknowledged. @returns those that had no answer yet; the others change nothing */
  askedAtHub(asked: readonly AskedAcknowledgement[]): readonly AnswerToHub[];
  /** All that are not normal, those first that need a person most. */
  list(): readonly AlarmRow[];
  /** Undefined for an id that is in no settings. */
  row(alarm: string): AlarmRow | undefined;
  /** Those that changed after a revision, also those that are normal again; after 0 all that are not. */
  since(revision: number): { readonly revision: number; readonly rows: readonly AlarmRow[] };
  counts(): AlarmCounts;
  /** Called with the ids of alarms that changed, after their transitions are on disk. Returns what takes the call back. */
  onChanged(listener: (alarms: readonly string[]) => void): () => void;
}

/** What an asset is doing, and whether limits and learning that name the state hold yet (field practice 58). */
export interface AssetState {
  /** As tags name it. */
  readonly asset: string;
  /** `unknown`: what tells it has not been read yet, is bad, or is a value that the settings do not name. */
  readonly state: OperatingState | "unknown";
  readonly sinceUs: number;
  /** The settling time after the change has passed; until then nothing is judged and nothing is learnt. */
  readonly settled: boolean;
}

/** One episode as it stands: the newest of its events. */
export interface Episode {
  /** Permanent, "E-" and a number; the subject of its events. */
  readonly id: string;
  readonly asset: string;
  readonly event: EpisodeEvent;
}

/** What detect knows of one asset now. */
export interface AssetHealth {
  readonly state: AssetState;
  /** Highest score over its limit among all levels, smoothed by nothing: 1 is where an episode would begin. 0 when nothing can be judged. */
  readonly score: number;
  /** Share of the learning that is done, 0..1: before 1 statistics do not judge. */
  readonly learnt: number;
  /** The newest of the episodes that last, if any. */
  readonly episode?: Episode;
}

/** Where results of models come in: the same fusion makes episodes of them as of limits and statistics. */
export interface DetectionFeed {
  /**
   * One window of one detector was judged. Costs nothing while the score is low.
   *
   * @param detector bundle with its version: "bearing-health 1.2.0"
   * @param score over its own limit: at 1 it is abnormal; NaN when it could not be judged, which ends nothing
   * @param contributions the tags that have most to do with it, at most 8; looked at from 0.6 on
   */
  scored(
    asset: string,
    detector: string,
    atUs: number,
    score: number,
    contributions: readonly Contribution[],
  ): void;
}

/** What screens see of models. */
export type { ModelsState } from "./detect/models/model-row.ts";

/** What rules, alarms and screens are told of detection. */
export interface EpisodeDesk {
  /** Assets that the settings declare; undefined for any other. */
  health(asset: string): AssetHealth | undefined;
  assets(): readonly AssetHealth[];
  /** Those that last: of an asset one for each cause. */
  episodes(): readonly Episode[];
  /**
   * The verdict of a person on an episode, which becomes a label record. Both are on disk when it resolves.
   *
   * @returns undefined when there is no such episode
   */
  judge(
    episode: string,
    verdict: Verdict,
    person: string,
    failureMode: string,
  ): Promise<Episode | undefined>;
  /** A repair, a sensor change or a calibration: what was learnt of the asset is learnt anew. On disk when it resolves. */
  resetBaselines(
    asset: string,
    reason: "repair" | "sensor-change" | "calibration",
    person: string,
    note: string,
  ): Promise<void>;
  /** Called when an episode began, grew, ended or was judged, and when a state changed. Returns what takes the call back. */
  onChanged(listener: (asset: string) => void): () => void;
}
