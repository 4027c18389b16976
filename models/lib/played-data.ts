import { PlayedPlant } from "@millwright/virtual-plant/played";
import type { PlantFault } from "@millwright/virtual-plant";
import type { Recipe } from "./recipe.ts";
import type { FaultyRun, TakeSample, TrainingData, TrainingRun } from "./training-run.ts";

/** How much of the plant is played. */
export interface PlayedSize {
  /** Of one run, h. More than a day, so that what the weather does in one is seen. */
  readonly hours: number;
  readonly fitRuns: number;
  readonly calibrateRuns: number;
  readonly heldOutRuns: number;
  /** Of a run with a fault, h; it begins in the middle. */
  readonly faultyHours: number;
}

export const shippedSize: PlayedSize = {
  hours: 26,
  fitRuns: 3,
  calibrateRuns: 2,
  heldOutRuns: 2,
  faultyHours: 6,
};

// A whole date, so that rows and windows lie as they would on a real clock.
const beginUs = Date.UTC(2026, 0, 5) * 1_000;
const badSeverity = 2;

/** Normal and faulty days of one machine of the virtual plant, from seeds that name themselves. */
export function playedData(recipe: Recipe, size: PlayedSize): TrainingData {
  const runs = (part: string, count: number): readonly TrainingRun[] =>
    Array.from({ length: count }, (_unused, at) => ({
      name: `${part} ${at + 1}`,
      play: (take) => {
        playRun(recipe, `${recipe.name} ${part} ${at + 1}`, size.hours, at, [], take);
      },
    }));
  const faultFromS = size.faultyHours * 1_800;
  return {
    description: `the virtual plant, ${size.fitRuns} runs of ${size.hours} hours to fit, ${size.calibrateRuns} to set the limit, ${size.heldOutRuns} to judge`,
    fit: runs("fit", size.fitRuns),
    calibrate: runs("calibrate", size.calibrateRuns),
    heldOut: runs("held out", size.heldOutRuns),
    faulty: recipe.played.faults.map(({ name, fault }, at): FaultyRun => ({
      name,
      faultFromUs: beginUs + faultFromS * 1e6,
      play: (take) => {
        const machine = machineIds[recipe.played.machine];
        const planned = { ...fault, machine, atS: faultFromS } as PlantFault;
        playRun(recipe, `${recipe.name} faulty ${at + 1}`, size.faultyHours, 0, [planned], take);
      },
    })),
  };
}

const machineIds = ["pump-1", "spindle-1", "press-1", "oven-1"] as const;

function playRun(
  recipe: Recipe,
  seed: string,
  hours: number,
  turn: number,
  faults: readonly PlantFault[],
  take: TakeSample,
): void {
  const { machine: place, setpoint } = recipe.played;
  const plant = new PlayedPlant(place + 1, seed, faults, place);
  const machine = plant.machines[place];
  if (machine === undefined) throw new Error(`the plant has no machine ${place}`);
  if (setpoint !== undefined) {
    const point = machine.points.find(({ path }) => path === setpoint.point);
    const value = setpoint.values[turn % setpoint.values.length];
    if (point?.write === undefined || value === undefined || !point.write(value)) {
      throw new Error(`${machine.id} does not take ${value} for ${setpoint.point}`);
    }
  }
  const inputOf = new Int32Array(machine.points.length).fill(-1);
  recipe.inputs.forEach(({ point }, input) => {
    const at = machine.points.findIndex(({ path }) => path === point);
    if (at < 0) throw new Error(`${machine.id} has no point ${point}`);
    inputOf[at] = input;
  });
  const ticks = hours * 36_000;
  for (let tick = 0; tick < ticks; tick++) {
    plant.step((from, point, value, status) => {
      const input = from === place ? (inputOf[point] ?? -1) : -1;
      if (input < 0) return;
      const us = beginUs + plant.elapsedS * 1e6;
      take(input, us, Number(value), status >>> 30 < badSeverity);
    });
  }
}
