import type { RoadLane } from "./lane.ts";
import type { DeviceId, Epoch, GatewayId, TagId } from "./tag.ts";

/**
 * The small messages beside the frames: hello, mark, beat. JSON, because they are rare and a person with a NATS client
 * should be able to read them. 64-bit chains travel as 16 hexadecimal digits.
 */
export interface LanePosition {
  readonly lane: RoadLane;
  /** Last number that the gateway no longer holds, and the chain at it. */
  readonly baseSeq: number;
  readonly baseChain: string;
  /** The gateway's own idea of how far the hub has stored. */
  readonly storedSeq: number;
  /** Last number sealed, and the chain at it. */
  readonly headSeq: number;
  readonly headChain: string;
}

export interface EpochPosition {
  readonly epoch: Epoch;
  readonly parent?: Epoch;
  readonly startedUs: number;
  /** Nothing of this epoch was made before that: the last commit of the parent that is this journal's own. */
  readonly lastCommitUs?: number;
  readonly lanes: readonly LanePosition[];
}

/** The first start of a journal: what a journal is known by. */
export interface JournalBirth {
  readonly epoch: Epoch;
  readonly startedUs: number;
}

/**
 * How a run of a gateway ended, as its journal shows at the next: in order; without, on a machine that ran on; without, on a
 * machine that was started anew since, as after a power cut.
 */
export type EndOfRun = "stopped" | "program" | "machine";

/** Longer, an overview is cut by the gateway: a hundred machines of twelve values, and a hello below 200 KB. */
export const helloOverviewMax = 1_200;

/**
 * Gateway to hub at every connect. Epochs in order, oldest first; the last is the running one. A gateway of before
 * `journal`, `commitEveryMs` and `overview` leaves them out and is understood for as long as there is a version 1.
 */
export interface Hello {
  readonly version: 1;
  readonly gateway: GatewayId;
  readonly name: string;
  readonly site: string;
  /** Where the gateway's own page listens, for a link on the console; "" when it has none. */
  readonly hmi: string;
  readonly software: string;
  readonly incarnation?: string;
  readonly epochs: readonly EpochPosition[];
  /** When the hub does not know it, another journal was lost (no-loss protocol 8.4). */
  readonly journal?: JournalBirth;
  /** How the run before that of the last epoch ended; left out where that is not known, and by gateways of before. */
  readonly before?: EndOfRun;
  /** Bound on loss at a power cut, ms. */
  readonly commitEveryMs?: number;
  /** Tag ids that stand on the overview of its own page, in that order; at most `helloOverviewMax`. */
  readonly overview?: readonly string[];
  /** Its Ed25519 key, 32 bytes in base64: the hub pins it at first contact, for sticks that are signed with it. */
  readonly publicKey?: string;
  /** By its clock, µs: how far that is from the hub's. Not on a stick, which may be days on its way. */
  readonly nowUs?: number;
}

/**
 * Gateway to hub on the subject of its hello: is somebody there? Nothing comes of it but the answer. A hub of before takes it
 * for a hello that it cannot read, and does not answer.
 */
export interface Probe {
  readonly version: 1;
  readonly gateway: GatewayId;
  readonly probe: true;
}

export interface ProbeAnswer {
  readonly version: 1;
  /** Its database answers, so that it can store. */
  readonly stores: boolean;
}

export interface LaneMark {
  readonly epoch: Epoch;
  readonly lane: RoadLane;
  /** End of the contiguous prefix whose chain fits, and the chain at it. */
  readonly storedSeq: number;
  readonly chain: string;
  /** What the hub's last verified backup covers; equal to `storedSeq` where `safe = stored` was chosen. */
  readonly safeSeq: number;
}

export interface HelloAnswer {
  readonly version: 1;
  readonly session: number;
  /** Changes with every start, failover or restore of the database. */
  readonly incarnation: string;
  readonly hubNowUs: number;
  /**
   * Of an epoch that has ended the mark may lie above the head that the hello names, when the journal is a copy. Where that
   * head lies in the hub's prefix the head itself is answered: all that this journal holds of the lane is stored.
   */
  readonly marks: readonly LaneMark[];
  /** Another gateway with this name has started later, and is no successor of this one (no-loss protocol 8.6). */
  readonly fenced?: true;
  /** @see MarkMessage */
  readonly running?: Epoch;
}

/** How long a gateway takes a tag for watched after it was named: a few messages may be lost. */
export const watchedForMs = 5_000;
/** More tags than this no page shows at once; what is beyond is told as its rule says. */
export const watchedTagsMax = 2_000;

/** Hub to gateway: after each commit that moved a mark, and repeated every second for each live gateway. */
export interface MarkMessage {
  readonly version: 1;
  readonly incarnation: string;
  readonly marks: readonly LaneMark[];
  /** The epoch of the gateway with this name that was started last: all others with the name are copies of it. */
  readonly running?: Epoch;
  /** Tags that somebody is looking at now, at most `watchedTagsMax`: they are told in full with each commit. */
  readonly watched?: readonly TagId[];
}

/** `connecting`: first try under way. `live`: values flow. `down`: tried again with back-off. `refused`: a person must act. */
export type DeviceState = "connecting" | "live" | "down" | "refused";

/** How one device is, for the two screens and the beat. */
export interface DeviceStatus {
  readonly device: DeviceId;
  readonly name: string;
  readonly protocol: string;
  readonly state: DeviceState;
  /** Since when it is in this state, µs. */
  readonly sinceUs: number;
  /** Last proof that all values of the device still hold, µs; 0 when there was none or each tag proves itself. */
  readonly confirmedUs: number;
  /** In words: why it is not live, what is revised, what a person should do; "" when there is nothing to say. */
  readonly note: string;
  /** Marks a connection without security ("None") on every screen of this device; "" otherwise (field practice 29). */
  readonly badge: string;
  /**
   * Tags whose history the device keeps and gives, as far as it has said so: first and last dictionary index of each run,
   * rising, at most `historyRunsMax`. Left out where it keeps none, and by gateways of before.
   */
  readonly history?: readonly (readonly [number, number])[];
}

/** Tags of one device have indices in a row, as long as nobody adds to them; what is beyond so many runs is not told. */
export const historyRunsMax = 64;

/**
 * Says of values that were not told, because they did not change enough, that they still hold: all tags of the device
 * with this interval were last proven at `provenUs` or later, those named in `Beat.stale` and those of bad status apart.
 */
export interface Proof {
  readonly device: DeviceId;
  readonly expectedMs: number;
  readonly provenUs: number;
}

/** More stale tags than this in one beat are a broken gateway; the rest is then not proven at all. */
export const staleTagsMax = 1_000;

/** Whether anything disciplines the gateway's own clock; "unknown" where the system does not say. */
export type GatewayClockWord = "set" | "unset" | "unknown";

/** Gateway to hub, once a second. */
export interface Beat {
  readonly version: 1;
  readonly gateway: GatewayId;
  readonly nowUs: number;
  readonly devices: readonly DeviceStatus[];
  /** Frames and samples that the hub has not stored yet, and the age of the oldest, ms. */
  readonly waitingFrames: number;
  readonly waitingSamples: number;
  readonly oldestWaitingMs: number;
  /** Samples that are neither kept nor explained, as the gateway counts. Must be 0. */
  readonly unexplained: number;
  /** Whether anything sets the gateway's clock; left out by gateways of before. */
  readonly clock?: GatewayClockWord;
  /** Of tags that are not told in full; left out where all are. */
  readonly proofs?: readonly Proof[];
  /** Tags whose last proof is too old; at most `staleTagsMax`. */
  readonly stale?: readonly TagId[];
  /** The gateway announced that it stops on purpose. */
  readonly stopping: boolean;
  /** The hub has said that another gateway with this name has started later: this beat says nothing about that one. */
  readonly fenced?: true;
}
