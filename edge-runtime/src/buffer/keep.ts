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
  journal: Pick<Journal, "append" | "chargeRefused" | "hasRoom">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.monotonicMs() + roomWaitMs;
  // Offered once: each refusal is counted, and must be charged.
  while (!journal.hasRoom(batch) && clock.monotonicMs() < untilMs && !signal.aborted) {
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
  }
  // Of a batch of which normalising left nothing, there is nothing to charge, and it has no times.
  if (!journal.append(batch) && batch.count > 0) journal.chargeRefused(batch);
}
