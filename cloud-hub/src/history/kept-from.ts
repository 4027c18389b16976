import type { RollupTier } from "./rollups/rollup-store.ts";
import { dayUs } from "./samples/chunk.ts";

/** Rows of a tier that begin before are not kept any more, µs. @param keepDays as the settings have it */
export function keptFromUs({ slotUs }: RollupTier, keepDays: number, nowUs: number): number {
  return Math.floor((nowUs - keepDays * dayUs) / slotUs) * slotUs;
}
