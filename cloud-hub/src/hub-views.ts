import type { CaptureSource } from "@millwright/live-feed";
import type {
  DeviceStatus,
  GatewayKeyView,
  GatewayPage,
  GatewayRow,
  HubLink,
  LedgerEntry,
  LiveValue,
  PeerAnswer,
} from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";

import type { BackupStatus } from "./backup/backup-state.ts";
import type { EventBoard } from "./event-views.ts";
import type { ExportOrder } from "./history/lake/export-samples.ts";
import type { RefusedExport } from "./history/lake/lake-export.ts";
import type { AcknowledgementBoard, OrderBoard } from "./order-views.ts";
import type { PeersAsked } from "./peer-desk.ts";
import type { SavedViewBoard } from "./saved-view.ts";
import type { Silence } from "./silence-views.ts";
import type { TimeLine } from "./time-line-views.ts";

/** A file on its way. */
export interface HistoryExport {
  readonly kind: "export";
  /** Undefined at the end. Throws when it cannot go on: what was given is no whole file then. */
  next(): Promise<Uint8Array | undefined>;
  /** Also before its end. */
  close(): Promise<void>;
}

/** A frame, or bytes that were sent as one, that could not be taken as it is. */
export interface Quarantined {
  readonly gateway: string;
  /** What is wrong with it, in words. */
  readonly reason: string;
  readonly receivedUs: number;
  readonly bytes: number;
}

/** Counts since the start of this hub, but for `unexplained`, which is the balance of all that is stored. */
export interface HubMetrics {
  /** Sum over all epochs and lanes of |samples announced − samples stored or explained|. Must be 0. */
  readonly unexplained: number;
  readonly framesReceived: number;
  readonly framesStored: number;
  readonly framesRepeated: number;
  readonly framesQuarantined: number;
  readonly samplesStored: number;
  readonly transactions: number;
}

/** One minute or hour of a tag. Values are absent where no good sample lies, `mean` where no good value held. */
export interface Aggregate {
  /** Begin of the bucket, µs. */
  readonly startUs: number;
  readonly samples: number;
  readonly good: number;
  /** Part of the bucket in which a good value held, 0 to 1. */
  readonly goodShare: number;
  readonly min?: number;
  readonly max?: number;
  readonly first?: number;
  readonly last?: number;
  /** Time-weighted. */
  readonly mean?: number;
  /**
   * Mean of the good samples, and their standard deviation (population), in the unit of the tag; absent for counters, states
   * and texts. `deviation` is what the views `rollup_1m` and `rollup_1h` name so.
   */
  readonly average?: number;
  readonly deviation?: number;
  /** Greatest OPC UA status code. */
  readonly worst: number;
  /** Of a counter: what was counted. */
  readonly counted: number;
}

/** What the hub shows: the front door for pages and API. Reading it changes nothing. */
export interface HubViews {
  gateways(): readonly GatewayRow[];
  page(gateway: string): GatewayPage | undefined;
  /** Current values of these tags, of all when none is named. Unknown ids are left out. */
  values(gateway: string, tags: readonly string[]): readonly LiveValue[];
  devices(gateway: string): readonly DeviceStatus[];
  hubLink(gateway: string): HubLink;
  /** For each device that proves all its values at once: when it last did, µs. */
  confirmed(gateway: string): Readonly<Record<string, number>>;
  /** Calls back with the gateway and the ids of the tags that changed. Returns what takes it back. */
  onChanged(listener: (gateway: string, tags: readonly string[]) => void): () => void;
  /** Calls back when devices, the link or the presence of a gateway changed. Returns what takes it back. */
  onState(listener: (gateway: string) => void): () => void;
  /** A page looks at these tags of a gateway now, until what is returned is called. */
  watch(gateway: string, tags: readonly string[]): () => void;
  /** Lines for a chart, in the order of `tags`; an unknown tag has an empty one. */
  history(
    gateway: string,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    columns: number,
  ): Promise<readonly HistoryLine[]>;
  gaps(gateway: string, tag: string, fromUs: number, toUs: number): Promise<readonly LedgerEntry[]>;
  /** Buckets that begin in the range, at most `aggregatesMax` of them, the first. */
  aggregates(
    gateway: string,
    tag: string,
    fromUs: number,
    toUs: number,
    width: "1m" | "1h",
  ): Promise<readonly Aggregate[]>;
  /**
   * A value beside that of all machines that have it; undefined where it is not there, or has no means to compare.
   * @param signal aborts when nobody waits any more
   */
  peers(asked: PeersAsked, signal: AbortSignal): Promise<PeerAnswer | undefined>;
  /** Captures of one gateway: the list, and where the bytes of one lie. */
  captures(gateway: string): CaptureSource;
  /**
   * Samples as a Parquet file, which is made while it is taken. Who was given one closes it.
   * @param signal aborts when nobody waits for its begin any more
   */
  exportHistory(order: ExportOrder, signal: AbortSignal): Promise<HistoryExport | RefusedExport>;
  /** The newest first. */
  quarantine(): Promise<readonly Quarantined[]>;
  metrics(): HubMetrics;
  /** What happened to a gateway in a time: heard or not, started, configured, what was lost. */
  timeLine(gateway: string, fromUs: number, toUs: number): Promise<TimeLine>;
  /** Why it is silent, as far as is known; undefined where the hub has never heard of it. */
  silence(gateway: string): Promise<Silence | undefined>;
  /** Whose signature is believed for this gateway. */
  gatewayKey(gateway: string): Promise<GatewayKeyView>;
  backup(): BackupStatus;
  /** Repairs and recordings; here something can be asked of gateways, too. */
  readonly orders: OrderBoard;
  /** Waits for sign-in at the hub: what is acknowledged has a name. No page and no route asks it before. */
  readonly acknowledgements: AcknowledgementBoard;
  /** What happened on gateways, and their alarms. */
  readonly events: EventBoard;
  /** Views of the trends screen that people have saved under names; here they save them, too. */
  readonly savedViews: SavedViewBoard;
}
