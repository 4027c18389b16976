/** The machines of the plant with their sensors and faults, without servers and without a clock: days in seconds. */
import { seededRandom } from "@millwright/kit";

import { FaultBoard } from "./faults/fault-board.ts";
import type { PlantFault } from "./faults/fault.ts";
import { Sensors } from "./faults/sensors.ts";
import { troubleOf, type ActiveFault } from "./faults/trouble.ts";
import { newFleet } from "./machines/fleet.ts";
import { tickMs, type Machine, type PlantValue } from "./machine.ts";
import { ProcessImage } from "./process-image.ts";

/** One sampled value. `status` is an OPC UA status code. */
export type TakeSample = (
  machine: number,
  point: number,
  value: PlantValue,
  status: number,
) => void;

interface Device {
  readonly machine: Machine;
  readonly image: ProcessImage;
  readonly sensors: Sensors;
}

export class PlayedPlant {
  readonly machines: readonly Machine[];
  readonly #devices: readonly Device[];
  readonly #board: FaultBoard;
  #tick = 0;

  readonly #only: number | undefined;

  /**
   * @param count machines in the order pump, spindle, press, oven, pump-2, …
   * @param only the place of the one machine for which time passes; each has chance of its own, so it does as it does among all
   */
  constructor(count: number, seed: number | string, faults: readonly PlantFault[], only?: number) {
    this.#only = only;
    this.machines = newFleet(count, seededRandom(seed));
    this.#devices = this.machines.map((machine) => ({
      machine,
      image: new ProcessImage(machine),
      sensors: new Sensors(
        machine.id,
        machine.points.map(({ path }) => path),
      ),
    }));
    this.#board = new FaultBoard(faults);
  }

  /** s since the start of the plant. */
  get elapsedS(): number {
    return (this.#tick * tickMs) / 1_000;
  }

  /** Lets one tick of 100 ms pass. Values of a machine that has no power, or no link, are not taken. */
  step(take: TakeSample): void {
    this.#tick++;
    const elapsedS = this.elapsedS;
    const { begun, ended } = this.#board.step(elapsedS);
    for (const { fault } of begun) {
      if (fault.kind === "power-cycle") this.#machine(fault.machine)?.powerCycle?.();
    }
    for (const active of [...this.#board.active, ...ended]) this.#wear(active, elapsedS);
    this.#devices.forEach(({ machine, image, sensors }, at) => {
      if (this.#only !== undefined && at !== this.#only) return;
      machine.step(tickMs / 1_000);
      const trouble = troubleOf(machine.id, this.#board.active);
      const points = image.scan(elapsedS * 1e6, sensors.at(elapsedS, this.#board.active));
      if (!trouble.powered || trouble.link !== "up") return;
      for (const point of points) {
        if (point === image.producedIndex) continue;
        take(at, point, image.values[point] ?? 0, image.status[point] ?? 0);
      }
    });
  }

  #wear({ fault, sinceS }: ActiveFault, elapsedS: number): void {
    if (fault.kind !== "bearing-wear") return;
    const share = fault.forS === 0 ? 1 : Math.min(1, (elapsedS - sinceS) / fault.forS);
    this.#machine(fault.machine)?.setWear?.(fault.from + share * (fault.to - fault.from));
  }

  #machine(id: string): Machine | undefined {
    return this.machines.find((machine) => machine.id === id);
  }
}
export { tagName } from "./tables/tag-table.ts";
