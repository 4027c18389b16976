import type { Loss, SampleBatch } from "../hand-over.ts";

/** The claim for a batch that found no room. */
export function refusalOf(batch: SampleBatch): Loss {
  return {
    reason: "queue full",
    scope: { kind: "device", device: batch.device },
    ...timesOf(batch),
    count: { kind: "exact", samples: batch.count },
  };
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
