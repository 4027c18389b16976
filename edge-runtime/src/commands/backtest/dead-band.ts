/** How much a dead-band would save on the road, and what it would cost: the teller of the gateway over kept samples. */
import { Teller, ToldRows } from "@millwright/telling";
import type { SampleColumns, TagDefinition } from "@millwright/wire-contract";

export interface DeadBandTrial {
  readonly tag: string;
  readonly deadBand: number;
  readonly kept: number;
  readonly told: number;
  /** Largest difference between a kept sample and the one told before it, in the unit of the tag. */
  readonly worst: number;
}

/** @param pieces samples of the tag, in the order in which they were received */
export async function tryDeadBand(
  tag: TagDefinition,
  deadBand: number,
  pieces: AsyncIterable<SampleColumns>,
): Promise<DeadBandTrial> {
  const heartbeatMs = tag.telling?.heartbeatMs ?? 60_000;
  const rule = { rule: "dead-band", error: deadBand, heartbeatMs } as const;
  const teller = new Teller([{ ...tag, telling: rule }]);
  const rows = new ToldRows();
  let [kept, told, worst, last] = [0, 0, 0, NaN];
  for await (const columns of pieces) {
    rows.clear();
    teller.tell(columns, rows);
    const sent = rows.columns();
    kept += columns.count;
    told += sent.count;
    let at = 0;
    for (let row = 0; row < columns.count; row++) {
      const us = columns.measuredUs[row] ?? 0;
      for (; at < sent.count && (sent.measuredUs[at] ?? Infinity) <= us; at++) {
        last = sent.value[at] ?? NaN;
      }
      const off = Math.abs((columns.value[row] ?? NaN) - last);
      if (off > worst) worst = off;
    }
  }
  return { tag: tag.id, deadBand, kept, told, worst };
}
