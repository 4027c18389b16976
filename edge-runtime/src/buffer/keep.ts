import type { Clock } from "@millwright/kit";

import type { SampleBatch } from "../hand-over.ts";
import type { Journal } from "./journal.ts";

/** How long a batch waits for room in the journal before it is charged to the ledger. */
const roomWaitMs = 1_000;
/** A commit takes some milliseconds, and who waits for it has time. */
const lookAgainMs = 20;

/** Appends, waiting a bounded time for room: the wait is what slows a polled source. Then the ledger has it. */
export async function keep(
  batch: SampleBatch,
  journal: Pick<Journal, "append" | "charge" | "hasRoom">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.monotonicMs() + roomWaitMs;
  // Offered once: each refusal is counted, and must be charged.
  while (!journal.hasRoom(batch) && clock.monotonicMs() < untilMs && !signal.aborted) {
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  }
  // Of a batch of which normalising left nothing, there is nothing to charge, and it has no times.
  if (journal.append(batch) || batch.count === 0) return;
  journal.charge({
    reason: "queue full",
    scope: { kind: "device", device: batch.device },
    ...timesOf(batch),
    count: { kind: "exact", samples: batch.count },
  });
}

/** From the earliest of its samples to the latest; they come in no order, and those of a device's history hours later. */
function timesOf({ count, measuredUs }: SampleBatch): { fromUs: number; toUs: number } {
  let [fromUs, toUs] = [Infinity, -Infinity];
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    fromUs = Math.min(fromUs, us);
    toUs = Math.max(toUs, us);
  }
  return { fromUs, toUs };
}
