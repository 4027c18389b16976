import type { HeldFrames } from "./held-frames.ts";
import type { ToldLane } from "./lane-book.ts";
import type { Run } from "./run.ts";
import type { TellingLane } from "./telling-lane.ts";

/** While a live frame waits longer than this for the hub, what is told goes to the history lane (no-loss protocol 4.2). */
const liveWaitsMaxUs = 10_000_000;

/** By which lane goes what is told now. Live never builds a backlog, so nothing in it is superseded (protocol 4.2). */
export function toldLane(parts: {
  readonly held: HeldFrames;
  readonly telling: TellingLane;
  readonly run: Run;
}): ToldLane {
  const { held, telling, run } = parts;
  const waitsUs = run.nowUs - held.book.oldestUs("live");
  return waitsUs > liveWaitsMaxUs && !telling.hasSnapshot ? "history" : "live";
}
