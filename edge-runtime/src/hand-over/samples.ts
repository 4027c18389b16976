/** Samples on their way, what is lost of them, and the newest of each tag. */
import type {
  DeviceId,
  LossCount,
  LossReason,
  LossScope,
  NamedTag,
  SampleColumns,
  Scalar,
} from "@millwright/wire-contract";

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

/** Who sees each sample as it comes: detect and decide. */
export interface SampleWatcher {
  /** After the journal has accepted it. The columns are used again after the call: what is needed is taken at once. */
  watch(batch: SampleBatch): void;
  /** What a device said before still holds: all of it, or that of these dictionary indices. */
  confirm?(device: DeviceId, atUs: number, indices?: readonly number[]): void;
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
