import type { PlantValue } from "../machine.ts";
import type { Sensor } from "../process-image.ts";
import type { ActiveFault } from "./trouble.ts";

/** The point that holds what a controller finds by itself, as bits. */
export const faultWord = "FaultWord";

/** Hands a value on as it is. */
export const trueSensor: Sensor = (_point, truth) => truth;

/**
 * Says what the sensors of one machine report while faults are active. Keeps what a stuck sensor is stuck at.
 */
export class Sensors {
  readonly #machine: string;
  readonly #paths: readonly string[];
  readonly #stuckAt = new Map<number, PlantValue>();

  constructor(machine: string, paths: readonly string[]) {
    this.#machine = machine;
    this.#paths = paths;
  }

  /** @param elapsedS s since the start of the plant */
  at(elapsedS: number, active: readonly ActiveFault[]): Sensor {
    const mine = active.filter(
      ({ fault }) =>
        fault.machine === this.#machine && ("point" in fault || fault.kind === "fault-bit"),
    );
    if (mine.length === 0) {
      this.#stuckAt.clear();
      return trueSensor;
    }
    return (point, truth) => this.#report(point, truth, elapsedS, mine);
  }

  #report(
    point: number,
    truth: PlantValue,
    elapsedS: number,
    active: readonly ActiveFault[],
  ): PlantValue | undefined {
    let value: PlantValue = truth;
    let stuck = false;
    for (const { fault, sinceS } of active) {
      if (fault.kind === "fault-bit" && this.#paths[point] === faultWord) {
        value = Number(value) | (1 << fault.bit);
      }
      if (!("point" in fault) || fault.point !== this.#paths[point]) continue;
      if (fault.kind === "sensor-failed") return undefined;
      if (fault.kind === "drift" && typeof value === "number") {
        value += (fault.perHour * (elapsedS - sinceS)) / 3_600;
      }
      if (fault.kind === "stuck") stuck = true;
    }
    if (!stuck) {
      this.#stuckAt.delete(point);
      return value;
    }
    const kept = this.#stuckAt.get(point);
    if (kept !== undefined) return kept;
    this.#stuckAt.set(point, value);
    return value;
  }
}
