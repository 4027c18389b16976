import type { Beat, Presence } from "@millwright/wire-contract";

/** Beats come every second; three intervals of ten seconds without one are silence (ux-guide C1). */
export const silentAfterUs = 30_000_000;
/** The oldest live or critical frame that the hub has not stored is older than this: behind. */
const behindAfterMs = 10_000;

/** How a gateway stands with the hub, from its last beat. Pure. */
export function presenceOf(beat: Beat | undefined, beatUs: number, nowUs: number): Presence {
  if (beat === undefined) return "silent";
  // A gateway that said that it stops is not missing.
  if (beat.stopping) return "sleeping";
  if (nowUs - beatUs > silentAfterUs) return "silent";
  return beat.oldestWaitingMs > behindAfterMs ? "behind" : "reporting";
}
