/**
 * Types only: what passes from step to step of the hub. Steps do not import steps; they meet in `hub.ts` and
 * `hub-core.ts`.
 */
import type {
  Beat,
  ClockRecord,
  Dictionary,
  Epoch,
  FrameHead,
  GatewayId,
  Hello,
  LedgerEntry,
  LossReason,
  Resolution,
  SampleColumns,
  TagId,
} from "@millwright/wire-contract";
import type { EventKind, EventLine } from "@millwright/wire-contract/events";

/** What backup says of itself. */
export type { BackupStatus } from "./backup/backup-state.ts";

/** A frame that is stored, with the place of its epoch in the life of its gateway. */
export interface StoredFrame {
  readonly head: FrameHead;
  readonly body: Uint8Array;
  /** Rises with each start of the gateway; `unrankedEpoch` until its hello names the epoch. */
  readonly epochRank: number;
  /**
   * Decoded already, when its dictionary was known at admission. They hold for as long as the commit is being told: who
   * keeps the frame keeps its body.
   */
  readonly samples?: SampleColumns;
}

/** Before all epochs that a hello has named: nothing is known of its place, so it never hides a newer value. */
export const unrankedEpoch = -(2 ** 31);

/** Where a copy of each file is kept besides: a bucket. */
export interface SecondPlace {
  /** @param sha256 of its bytes, which it checks against what it has received */
  put(key: string, path: string, sha256: string): Promise<void>;
  /** False when there is none. What was received has to be checked by who reads it. */
  get(key: string, path: string): Promise<boolean>;
  remove(key: string): Promise<void>;
}

/** What changed with one commit. */
export interface Commit {
  /** Frames that were not stored before, in no particular order. */
  readonly stored: readonly StoredFrame[];
  readonly dictionaries: readonly {
    readonly gateway: GatewayId;
    readonly dictionary: Dictionary;
    /** It came with an epoch that no hello had named: its place is not known yet. */
    readonly unranked: boolean;
  }[];
  /** Gateways whose marks moved or whose frames were put in quarantine. */
  readonly touched: ReadonlySet<GatewayId>;
}

/**
 * The balance of all epochs and lanes of a gateway (no-loss protocol 7, hub, per epoch). Sums, because a gateway begins an
 * epoch with each start: what is kept in memory of a gateway must not grow with its age.
 */
export interface SampleBalance {
  /** `cum` at the marks. */
  readonly announced: number;
  /** Samples in frames up to the marks. */
  readonly stored: number;
  /** Samples in voids up to the marks that no frame fills. */
  readonly voided: number;
  /** What is neither, or was counted twice, each lane by itself: of two lanes one does not make good for the other. */
  readonly unexplained: number;
}

export const nothingBalanced: SampleBalance = {
  announced: 0,
  stored: 0,
  voided: 0,
  unexplained: 0,
};

/** A gateway as the store knows it. */
export interface KnownGateway {
  readonly gateway: GatewayId;
  /** Absent for a gateway that sent frames and never said hello. */
  readonly hello?: Hello;
  readonly helloUs: number;
  readonly lastBeat?: Beat;
  readonly lastBeatUs: number;
  readonly quarantined: number;
  readonly balance: SampleBalance;
}

/** What happened on a gateway, as the hub keeps it. */
export interface HubEvent {
  /** Rises in the order of arrival; 0 where it is not asked for. */
  readonly id: number;
  readonly gateway: GatewayId;
  /** When the journal was begun that numbers it, µs. */
  readonly journalUs: number;
  readonly line: EventLine;
}

/** Which events are asked for; all when nothing is said. */
export interface EventsAsked {
  readonly gateways?: readonly string[];
  readonly kind?: EventKind;
  readonly asset?: string;
  readonly subject?: string;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Those that come after this one in the list: the next page. */
  readonly after?: { readonly atUs: number; readonly id: number };
  readonly max: number;
}

/** Which entries of the ledger are wanted: those of the whole gateway, of these tags and of these devices. */
export interface EntriesOf {
  readonly tags: readonly string[];
  readonly devices: readonly string[];
  readonly reasons: readonly LossReason[];
}

/** The reading side of the store: for twins at the start, and for history. */
export interface FrameReader {
  /** @param named all when it is left out; of those that are named, the ones that are known */
  gateways(named?: readonly GatewayId[]): Promise<readonly KnownGateway[]>;
  gateway(gateway: GatewayId): Promise<KnownGateway | undefined>;
  dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined>;
  /** The one that the newest epoch sealed last. */
  newestDictionary(gateway: GatewayId): Promise<Dictionary | undefined>;
  /** The hash of that of each of them that has one: a fleet sends thousands at once, and they are at hand. */
  newestDictionaries(gateways: readonly GatewayId[]): Promise<ReadonlyMap<GatewayId, bigint>>;
  /** Frames of samples whose measured times touch the range, by sealed time, oldest first; at most `framesMax`, the newest. */
  samplesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]>;
  /** Frames of samples that reached the hub after `sinceUs` (hub's clock), newest first. */
  newestSamples(
    gateway: GatewayId,
    sinceUs: number,
    framesMax: number,
  ): Promise<readonly StoredFrame[]>;
  /** Ledger entries of the gateway whose range touches this one, the oldest first; at most `entriesMax`, the newest. */
  entriesBetween(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    entriesMax: number,
    of?: EntriesOf,
  ): Promise<readonly LedgerEntry[]>;
  /** What a gateway knows of its clock, known in the range (by its clock), oldest first; at most `recordsMax`, the newest. */
  clockRecords(
    gateway: GatewayId,
    fromUs: number,
    toUs: number,
    recordsMax: number,
  ): Promise<readonly ClockRecord[]>;
  /** By time, the newest first. */
  events(asked: EventsAsked): Promise<readonly HubEvent[]>;
  /** The newest event of each alarm that is not normal, in no particular order. @param gateway all when it is absent */
  alarms(max: number, gateway?: string): Promise<readonly HubEvent[]>;
  quarantine(rowsMax: number): Promise<readonly QuarantineRow[]>;
}

export interface QuarantineRow {
  readonly gateway: string;
  readonly epoch?: Epoch;
  readonly reason: string;
  readonly receivedUs: number;
  readonly bytes: number;
}

/** What of the samples of a gateway is digested, to compare it with the gateway's own. */
export interface DigestOrder {
  readonly gateway: GatewayId;
  /** Digested from a time of its own on. */
  readonly tags: readonly { readonly tag: TagId; readonly fromUs: number }[];
  /** µs, excluded. */
  readonly toUs: number;
  /** Counted; ends are excluded. */
  readonly ranges: readonly {
    readonly tag: TagId;
    readonly fromUs: number;
    readonly toUs: number;
  }[];
}

export interface DigestAnswer {
  /** In the order of the tags. */
  readonly tags: readonly { readonly samples: number; readonly digest: string }[];
  /** Samples that differ from one another, in the order of the ranges. */
  readonly counts: readonly number[];
}

/** The same of minutes or hours. */
export interface BucketOrder {
  readonly gateway: GatewayId;
  readonly resolution: Exclude<Resolution, "samples">;
  /** Times of each, in order, µs; ends are excluded. */
  readonly tags: readonly {
    readonly tag: TagId;
    readonly ranges: readonly (readonly [number, number])[];
  }[];
}

export interface BucketAnswer {
  /** In the order of the tags. */
  readonly tags: readonly { readonly samples: number; readonly digest: string }[];
}

/** A connection to the broker that is or was there, by the hub's clock. */
export interface BrokerConnection {
  /** One run of a broker, and the number of the connection in it. */
  readonly server: string;
  readonly id: number;
  /** What the client calls itself, a gateway by its id; "" where it ended before it did. */
  readonly name: string;
  /** IP address that the broker saw. */
  readonly address: string;
  readonly beganUs: number;
  /** Absent while it is open. */
  readonly endedUs?: number;
  /** Why it ended, in the words of the broker; "" while it is open. */
  readonly reason: string;
}

export interface EndedConnections {
  readonly connections: readonly BrokerConnection[];
  /** They are on disk: the next question is for what comes after them. */
  kept(): void;
}

/** What the broker says of connections. Both reject with the reason where it does not. */
export interface BrokerConnections extends AsyncDisposable {
  /** Those that ended since the last that were kept; some of them once more. */
  ended(): Promise<EndedConnections>;
  open(): Promise<readonly BrokerConnection[]>;
}
