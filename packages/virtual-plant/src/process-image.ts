import type { Machine, PlantValue, PointSpec } from "./machine.ts";
import { tickMs } from "./machine.ts";
import { reported } from "./resolution.ts";

/** OPC UA status codes (OPC 10000-6, annex A.2) that a value of the plant can have. */
export const imageStatus = {
  good: 0,
  badSensorFailure: 0x808c_0000,
} as const;

/** Changes a value on its way from the machine into the image: what a faulty sensor does. */
export type Sensor = (point: number, truth: PlantValue) => PlantValue | undefined;

/**
 * What a controller holds of its machine: the last sampled value of each point with time and status. Every protocol
 * serves from here, so that the same truth can be compared at the other end.
 */
export class ProcessImage {
  readonly machine: Machine;
  readonly values: PlantValue[];
  readonly measuredUs: Float64Array;
  readonly status: Uint32Array;
  /** True while the machine does nothing of what is written to it, whatever it answers. */
  ignoresWrites: () => boolean = () => false;
  /** How many readings of `Produced` each server has handed out since the plant started. */
  readonly #produced = new Map<string, number>();
  readonly #producedIndex: number;
  readonly #everyTicks: Int32Array;
  readonly #indexOf: ReadonlyMap<string, number>;
  #listeners: ((points: readonly number[]) => void)[] = [];
  #tick = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    this.values = machine.points.map((point) => asReported(point, point.read()));
    this.measuredUs = new Float64Array(machine.points.length);
    this.status = new Uint32Array(machine.points.length);
    this.#everyTicks = Int32Array.from(machine.points, (point) =>
      Math.max(1, Math.round(point.everyMs / tickMs)),
    );
    this.#indexOf = new Map(machine.points.map(({ path }, index) => [path, index]));
    this.#producedIndex = this.#indexOf.get("Produced") ?? -1;
  }

  get points(): readonly PointSpec[] {
    return this.machine.points;
  }

  /** -1 where the machine has no such point. */
  indexOf(path: string): number {
    return this.#indexOf.get(path) ?? -1;
  }

  /** The image of `Produced`, -1 where the machine has none. */
  get producedIndex(): number {
    return this.#producedIndex;
  }

  /**
   * Counts one served reading of `Produced` and puts its number, one more than the last, into the image. Each server
   * counts for itself, so what arrives over one of them has no gap unless something was lost. Wraps after 2^32.
   */
  countServed(via: string): void {
    const count = ((this.#produced.get(via) ?? 0) + 1) % 2 ** 32;
    this.#produced.set(via, count);
    if (this.#producedIndex >= 0) this.values[this.#producedIndex] = count;
  }

  /** The last number of `Produced` that each server handed out. */
  get produced(): ReadonlyMap<string, number> {
    return this.#produced;
  }

  /** Called after each scan with the points it sampled. */
  onScan(listener: (points: readonly number[]) => void): void {
    this.#listeners.push(listener);
  }

  /** The server behind this image is gone: nobody listens any more. */
  forgetListener(listener: (points: readonly number[]) => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  /** Samples the points that are due with this tick, or all of them. */
  scan(nowUs: number, sensor: Sensor, all = false): readonly number[] {
    const due: number[] = [];
    // Thousands of signals in one tick would be a burst a second; each has its own tick, and all have the first.
    const spread = this.machine.kind === "bulk" && this.#tick > 0 ? 1 : 0;
    for (let index = 0; index < this.#everyTicks.length; index++) {
      if (all || (this.#tick + index * spread) % (this.#everyTicks[index] ?? 1) === 0)
        due.push(index);
    }
    this.#tick++;
    this.sample(due, nowUs, sensor);
    return due;
  }

  /** Samples `points`, whether they are due or not. */
  sample(points: readonly number[], nowUs: number, sensor: Sensor): void {
    for (const index of points) {
      const point = this.machine.points[index];
      if (point === undefined || index === this.#producedIndex) {
        this.measuredUs[index] = nowUs;
        continue;
      }
      const value = sensor(index, point.read());
      const missing = value === undefined;
      if (!missing) this.values[index] = asReported(point, value);
      this.status[index] = missing ? imageStatus.badSensorFailure : imageStatus.good;
      this.measuredUs[index] = nowUs;
    }
    for (const listener of this.#listeners) listener(points);
  }

  /**
   * Writes to the machine, and shows the new value at once, as a controller does.
   *
   * @returns false when the point may not be written, or not to this value
   */
  write(index: number, value: PlantValue, nowUs: number): boolean {
    const point = this.machine.points[index];
    if (point?.write === undefined) return false;
    if (!this.ignoresWrites() && !point.write(value)) return false;
    this.values[index] = asReported(point, point.read());
    this.measuredUs[index] = nowUs;
    for (const listener of this.#listeners) listener([index]);
    return true;
  }
}

/** What the instrument of the point makes of the quantity. */
function asReported({ resolution }: PointSpec, value: PlantValue): PlantValue {
  if (resolution === undefined || typeof value !== "number") return value;
  return reported(value, resolution);
}
