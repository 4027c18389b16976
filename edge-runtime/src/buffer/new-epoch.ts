import type { Random } from "@millwright/kit";
import type { Epoch } from "@millwright/wire-contract";

/** 128 random bits. A restored copy cannot draw the same again (no-loss protocol 2). */
export function newEpoch(random: Random): Epoch {
  const words = Array.from({ length: 4 }, () => random.int(2 ** 32));
  return words.map((word) => word.toString(16).padStart(8, "0")).join("") as Epoch;
}
