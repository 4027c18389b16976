import type { Clock, Log, Random, Refused } from "@millwright/kit";
import type {
  CertificateEnd,
  LossReason,
  SampleType,
  Scalar,
  ValueType,
  WriteOutcome,
} from "@millwright/wire-contract";
import type { z } from "zod";

import type { Shown } from "../shown-settings.ts";
import type { ConditionAct, ConditionNews } from "./machine-condition.ts";

/** Fills the columns of one batch. Reused by the driver from batch to batch; never grows past its bound. */
export interface BatchBuilder {
  /**
   * @param point index of the configured point, as handed to `open`
   * @param measuredUs when the device measured it, µs since 1970 UTC, NaN when the device does not say
   * @param value 64-bit integers as bigint, exact; structures and arrays come flattened on declared paths
   * @param status OPC UA status code; judge it by severity (`status >>> 30`), never by being zero
   */
  push(point: number, measuredUs: number, value: Scalar, status: number): void;
  readonly full: boolean;
  readonly count: number;
  /**
   * Adds rows for a loop that writes them itself: every column of every row, because what stands there is old.
   *
   * @returns the first of them, in `columns`
   */
  extend(rows: number): number;
  /** The columns being filled, until the next `take`. */
  readonly columns: ReadingColumns;
  /** Hands over what was pushed and begins anew. */
  take(receivedUs: number, settle?: () => Promise<void>): ReadingBatch;
  /** Takes back a batch at which nobody looks any more: its columns are filled again. */
  reuse(batch: ReadingBatch): void;
}

/** One row for each reading; what they hold is said at `BatchBuilder.push`. */
export interface ReadingColumns {
  readonly point: Int32Array;
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
}

/** Readings taken together, as columns. `settle` is called at most once, after all of them are on disk. */
export interface ReadingBatch extends ReadingColumns {
  readonly count: number;
  readonly receivedUs: number;
  /** What a double cannot hold (64-bit integers, text, bytes), by row; `value` is NaN there. */
  readonly wide?: ReadonlyMap<number, Scalar>;
  /** The readings come from the device's own history: they fill a hole and never set a current value. */
  readonly late?: boolean;
  settle?(): Promise<void>;
}

/** One configured point of a device: what the driver reads. What it means is the business of normalise. */
export interface PointSettings {
  /** For messages: the tag's id. */
  readonly tag: string;
  /** In the protocol's own words; `parsePoint` says whether it can be understood. */
  readonly address: string;
  /** The type in the device, before scaling. */
  readonly type: ValueType;
  /** How often a new value is wanted, ms: poll period, sampling interval, or the period in which a topic speaks. */
  readonly everyMs: number;
  /** Further columns of the tag table that belong to the protocol (byte order, sentinel, dead-band, …). */
  readonly options: Readonly<Record<string, string>>;
}

/** An array will do. What makes points as they are looked at keeps none of 100,000 in memory. */
export interface PointList extends Iterable<PointSettings> {
  readonly length: number;
  at(index: number): PointSettings | undefined;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** What the next conversation needs to go on where this one ended. Kept in the journal; plain JSON. */
export type ResumePoint = Readonly<Record<string, Json>>;

/** An array of numbers to be read whole: a waveform that the device has taken. */
export interface ArrayWish {
  readonly array: string;
  /** Rows a second, as a number or as the address where it stands. */
  readonly rate: string | number;
  /** Value = scale * number; as a number or as an address. */
  readonly scale: string | number;
}

export interface ArrayReading {
  /** The numbers, little-endian. */
  readonly bytes: Uint8Array;
  readonly sampleType: Exclude<SampleType, "none">;
  readonly count: number;
  /** A number lies at an end of its type. */
  readonly overload: boolean;
  readonly rateHz: number;
  readonly scale: number;
  /** When the device says that it was measured; NaN when it does not. */
  readonly measuredUs: number;
}

/** A range of the device's own past: measured times by the device, µs; `toUs` is excluded. */
export interface HistoryWish {
  readonly points: readonly number[];
  readonly fromUs: number;
  readonly toUs: number;
}

/** One conversation with one device. It never reconnects: when the link is lost, it is over. */
export interface DriverSession extends AsyncDisposable {
  /** What the next conversation needs to go on (a subscription id, the last number settled). */
  readonly resume: ResumePoint;
  /** What the device sent since the conversation that left the resume point, and nobody heard, nobody sends again. */
  readonly missesWhatWasSent?: boolean;
  /**
   * Yields until `signal` aborts; throws `LinkLost` when the device goes away.
   * The columns of a batch are the caller's until he pulls the next one; then they may be filled again.
   * The caller pulls: a slow caller slows the polling. A driver that is pushed to keeps at most
   * `queueMax` readings and then drops the oldest, which it counts.
   */
  readings(signal: AbortSignal): AsyncIterable<ReadingBatch>;
  write(point: number, value: Scalar, signal: AbortSignal): Promise<WriteOutcome>;
  /** Does to an alarm of the device's own what a person did to it; absent where the protocol has none. */
  actOnCondition?(act: ConditionAct, signal: AbortSignal): Promise<WriteOutcome>;
  /** Absent where the protocol has no arrays. Throws `LinkLost` when the device goes away. */
  readArray?(wish: ArrayWish, signal: AbortSignal): Promise<ArrayReading | Refused>;
  /** Points whose past the device keeps and gives, once it has said so; absent where the protocol has no such thing. */
  readonly historyPoints?: readonly number[];
  /**
   * Reads a range of the past as the device kept it, as slowly as a controller bears. Throws `LinkLost` when the device goes
   * away.
   *
   * @param take gets late batches, is awaited, and may keep their columns
   * @returns points of which the device gave less than it has, or nothing
   */
  readHistory?(
    wish: HistoryWish,
    take: (batch: ReadingBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly number[]>;
  /**
   * The stop is planned: take back in the device what was made there (sessions, subscriptions). Without it, disposal
   * leaves a subscription alive on purpose, because the server's queue holds the data we promised to keep.
   */
  end(signal: AbortSignal): Promise<void>;
}

export interface DriverContext {
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** A driver that is pushed to keeps at most so many readings. */
  readonly queueMax: number;
  /** Where the driver may keep files of its own (certificates, trust lists); made before `open`. */
  readonly stateFolder: string;
  /** Says that so many readings were due: the polls of a schedule, the numbers of a sequence. */
  readonly due: (count: number) => void;
  /**
   * Tells the ledger what was due and not read, and why.
   *
   * @param point index of the point, -1 for the whole device
   * @param count how many; NaN when the device does not say ("unknown, at least one")
   */
  readonly lost: (
    point: number,
    count: number,
    reason: LossReason,
    fromUs: number,
    toUs: number,
  ) => void;
  /**
   * A proof that values still hold although none came (a keep-alive, a publish, a living node).
   *
   * @param points those proven; all points of the device when absent
   */
  readonly proven: (atUs: number, points?: readonly number[]) => void;
  /** What a person should know of this conversation, in words (revised intervals, refused filters); "" takes it back. */
  readonly note: (text: string) => void;
  /** Where the settings ask for the device's own alarms: whose they are, and who is told. */
  readonly conditions?: {
    /** An address of the device; "" for all that it has. */
    readonly notifier: string;
    readonly tell: (news: ConditionNews) => void;
  };
  /** Marks a connection on every screen, for example "no encryption"; "" takes it back. */
  readonly badge: (text: string) => void;
}

/** One thing that a device offers, found by browsing or probing. */
export interface OfferedPoint {
  readonly address: string;
  /** Where it stands in the device, for a person: "Pump 1 / Bearing / Temperature". */
  readonly path: string;
  readonly name: string;
  readonly type: ValueType;
  readonly unit: string;
  readonly value: Scalar | undefined;
  readonly status: number;
  readonly low?: number;
  readonly high?: number;
  readonly writable: boolean;
}

/** One way to read what stands at an address. */
export interface Decoding {
  readonly address: string;
  readonly order: string;
  readonly type: string;
  readonly value: string;
}

/** What a plan says of a device before anything is started: line load, group sizes, warnings. */
export interface PlanLine {
  readonly severity: "info" | "warning" | "refused";
  readonly text: string;
}

/** Something of the connection that only a person can know, asked by `connect`. */
export interface ConnectionQuestion {
  /** The setting it gives. */
  readonly key: string;
  readonly words: string;
  /** What is usual; "" where nothing is, and then it must be answered. */
  readonly otherwise: string;
  /** The only answers that can be used, where they can be listed. */
  readonly choices?: readonly string[];
  /** Whether it has to be asked, after what was answered so far; always when absent. */
  readonly when?: (connection: Readonly<Record<string, unknown>>) => boolean;
}

/** One device on a line that it may share with others. */
export interface LineUser<Settings> {
  readonly device: string;
  readonly settings: Settings;
  readonly points: readonly PointSettings[];
}

/** @see CertificateEnd */
export type DriverCertificate = Pick<CertificateEnd, "use" | "notAfterUs">;

/** A protocol we can speak. */
export interface Driver<Settings> {
  readonly protocol: string;
  /**
   * True when readings come by a schedule of ours, so that what is missed can be counted. False when the device speaks
   * by itself: then a silence holds "unknown, at least one" (field practice 4).
   */
  readonly polled: boolean;
  /** What the person writes under `connection`. */
  readonly settings: z.ZodType<Settings>;
  /** What of them stands in the diagnostics; nothing when absent. */
  readonly shown?: Shown<Settings>;
  /** What `connect` asks for `connection`, in this order; what is not asked has a default that suits most plants. */
  readonly questions?: readonly ConnectionQuestion[];
  /**
   * Names what conversations must not happen at the same time (a serial line, a gateway's socket); devices with equal
   * keys share one queue inside the driver. For messages and plans only.
   */
  readonly line: (settings: Settings) => string;
  /**
   * The longest time between two proofs of a value that does not change, ms, where it is not the point's own period: a
   * device that speaks by itself is silent for as long as nothing changes, and proves in its own rhythm.
   */
  readonly proofEveryMs?: (settings: Settings) => number;
  /** Refuses an address that cannot be understood, in words for the person who wrote it. Touches no network. */
  checkPoint(settings: Settings, point: PointSettings): Refused | undefined;
  /** Refuses to write a point that can only be read, before anything is started; absent where only the device knows. */
  checkWrite?(settings: Settings, point: PointSettings): Refused | undefined;
  /** As `checkPoint`, for whose alarms are listened to ("" for all); absent where the protocol has no alarms of its own. */
  checkNotifier?(notifier: string): Refused | undefined;
  /** As `checkPoint`, for arrays; absent where the protocol has none. */
  checkArray?(wish: ArrayWish): Refused | undefined;
  /** Begins to load code that takes long, while others are busy with other things. `open` waits for it if need be. */
  prepare?(log: Log): void;
  /** Says what the settings will mean for the device. Touches no network. */
  plan(settings: Settings, points: readonly PointSettings[]): readonly PlanLine[];
  /**
   * Says what all devices of one line mean for it together: whether they fit into its time, whether they are wired
   * alike. Touches no network.
   *
   * @param users all devices for which `line` gives the same name, in the order of the settings; at least one
   */
  planLine?(users: readonly LineUser<Settings>[]): readonly PlanLine[];
  /**
   * Says what the driver's own files of a device mean for it (a certificate that ends soon). Touches no network; a folder
   * that is not there yet says nothing.
   */
  planFolder?(
    settings: Settings,
    device: string,
    stateFolder: string,
    nowUs: number,
  ): Promise<readonly PlanLine[]>;
  /**
   * Certificates with which the conversations of a device stand and fall, as they lie in files now. Touches no network; what is
   * not there yet, or cannot be read, is left out.
   */
  certificates?(settings: Settings, stateFolder: string): Promise<readonly DriverCertificate[]>;
  /** Throws `DeviceUnreachable` (try again) or `SettingsRefused` (do not). `resume` is absent at the very first opening. */
  open(
    settings: Settings,
    points: readonly PointSettings[],
    context: DriverContext,
    signal: AbortSignal,
    resume?: ResumePoint,
  ): Promise<DriverSession>;
  /**
   * Reads what stands at one address in every way it could be meant, with its neighbours. For devices that cannot be
   * asked what they hold (field practice 40).
   */
  probe?(
    settings: Settings,
    address: string,
    context: DriverContext,
    signal: AbortSignal,
  ): Promise<readonly Decoding[]>;
  /**
   * What the device offers, at most `max` points; ends early and says so in the log when a cap is met.
   * Absent where a device cannot be asked (Modbus).
   */
  browse?(
    settings: Settings,
    context: DriverContext,
    max: number,
    signal: AbortSignal,
  ): AsyncIterable<OfferedPoint>;
}
