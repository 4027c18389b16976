import { PlayedPlant, tagName } from "@millwright/virtual-plant/played";

import type { MovingMachine } from "./fault-days.ts";

/** One that rests longer in health cannot be told from one that is stuck within an hour. */
const restMostS = 120;
const playedS = 7_200;
const startS = 600;

/**
 * The measured points of the plant's machines that move in health, by machine: played for two hours, with a seed of their own.
 * A sensor that says the same all day looks the same when it is stuck, to everybody.
 *
 * @param watched whether detection learns what a tag does
 */
export function movingPoints(
  watched: (tag: string) => boolean,
): ReadonlyMap<string, MovingMachine> {
  const plant = new PlayedPlant(4, "moving points", []);
  const last = plant.machines.map(({ points }) => points.map(() => ({ value: NaN, atS: startS })));
  const rest = plant.machines.map(({ points }) => new Float64Array(points.length));
  while (plant.elapsedS < playedS) {
    plant.step((machine, point, value) => {
      const before = last[machine]?.[point];
      const longest = rest[machine];
      if (before === undefined || longest === undefined || plant.elapsedS < startS) return;
      longest[point] = Math.max(longest[point] ?? 0, plant.elapsedS - before.atS);
      if (before.value === Number(value)) return;
      before.value = Number(value);
      before.atS = plant.elapsedS;
    });
  }
  return new Map(
    plant.machines.map((machine, at) => [
      machine.id,
      {
        id: machine.id,
        wears: machine.setWear !== undefined,
        points: machine.points.flatMap(({ path, kind, low = NaN, high = NaN }, index) => {
          const tag = `${machine.id}/${tagName(path)}`;
          const range = high - low;
          const moves = (rest[at]?.[index] ?? Infinity) <= restMostS;
          const measured = kind === "measurement" && range > 0 && watched(tag);
          return moves && measured ? [{ path, tag, range }] : [];
        }),
      },
    ]),
  );
}
