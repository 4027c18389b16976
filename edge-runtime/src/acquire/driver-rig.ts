/** What a driver's test has to bring so that the suite can be run against a simulator of its device. */
import type { Driver, PointSettings } from "./driver.ts";

/** What a rig may say that its protocol has no way to do. */
export type RigLack =
  /** The driver writes nothing (MQTT: writing takes the command path). */
  | "write"
  /** A write has no reply that could be lost. */
  | "lost reply"
  /** The device cannot say that one point does not exist (an MQTT topic that nobody publishes is only silent). */
  | "bad point"
  /** The device hands over no readings that could be counted beforehand. */
  | "balance";

/** How to get the device of one protocol. */
export interface DriverRig<Settings> {
  readonly driver: Driver<Settings>;
  /** By lack, the reason in words. */
  readonly lacks?: Readonly<Partial<Record<RigLack, string>>>;
  /** Absent: the rig can run here. Otherwise why not (a program is missing). */
  readonly skip?: string;
  /** Starts a device of its own for one test, on loopback and a free port. */
  start(): Promise<RigDevice<Settings>>;
}

/** A running simulator. All points hold numbers. */
export interface RigDevice<Settings> {
  readonly settings: Settings;
  /** At least two points that exist; `everyMs` at most 100, so that the suite is quick. */
  readonly points: readonly PointSettings[];
  /** A point that `checkPoint` accepts and the device does not have. */
  readonly absentPoint: PointSettings;
  /** An address that `checkPoint` must refuse. */
  readonly nonsenseAddress: string;
  /** Which of `points` may be written. */
  readonly writable: number;
  /** Changes a value in the device. Whole numbers from 0 to 30,000. */
  set(point: number, value: number): Promise<void> | void;
  /** What the device holds now. */
  get(point: number): Promise<number> | number;
  /** The device acts on the next write and its reply never arrives. */
  loseNextReply(): void;
  /** Takes the device away: open conversations break and new ones fail, until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Conversations (connections, sessions) that the device sees now. */
  conversations(): number;
  /** How many readings the device knows to be settled; absent where it is never told. */
  settled?(): number;
  stop(): Promise<void>;
}
