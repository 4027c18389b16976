/** The gateway's own view of now: samples in the order of acquisition become the current value of each tag. */
import type { ValueTable } from "@millwright/live-feed";

import type { SampleBatch } from "../hand-over.ts";

/** Late samples (a device's history) never set a current value. */
export function applyBatch(table: ValueTable, batch: SampleBatch): void {
  if (batch.late) return;
  table.setRows(batch, batch.receivedUs);
  if (table.watched) table.tell(new Set(batch.tag.subarray(0, batch.count)));
}
