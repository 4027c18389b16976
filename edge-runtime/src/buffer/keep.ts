import type { Clock } from "@millwright/kit";

import type { SampleBatch } from "../hand-over.ts";
import type { Journal } from "./journal.ts";

/** How long a batch waits for room in the journal before it is charged to the ledger. */
const roomWaitMs = 1_000;

/** Appends, waiting a bounded time for room: the wait is what slows a polled source. Then the ledger has it. */
export async function keep(
  batch: SampleBatch,
  journal: Pick<Journal, "append" | "charge">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = clock.monotonicMs() + roomWaitMs;
  while (!journal.append(batch)) {
    if (clock.monotonicMs() >= untilMs || signal.aborted) {
      journal.charge({
        reason: "queue full",
        scope: { kind: "device", device: batch.device },
        fromUs: batch.measuredUs[0] ?? batch.receivedUs,
        toUs: batch.receivedUs,
        count: { kind: "exact", samples: batch.count },
      });
      return;
    }
    await clock.sleep(20, signal).catch(() => undefined);
  }
}
