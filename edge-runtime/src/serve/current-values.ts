/** The gateway's own view of now: samples in the order of acquisition become the current value of each tag. */
import type { ValueTable } from "@millwright/live-feed";

import type { SampleBatch } from "../hand-over.ts";

/** Late samples (a device's history) never set a current value. */
export function applyBatch(table: ValueTable, batch: SampleBatch): void {
  if (batch.late) return;
  const changed = table.watched ? new Set<number>() : undefined;
  for (let row = 0; row < batch.count; row++) {
    const tag = batch.tag[row] ?? -1;
    table.set(
      tag,
      batch.value[row] ?? NaN,
      batch.wide?.get(row),
      batch.status[row] ?? 0,
      batch.measuredUs[row] ?? batch.receivedUs,
      batch.receivedUs,
    );
    changed?.add(tag);
  }
  if (changed !== undefined) table.tell(changed);
}
