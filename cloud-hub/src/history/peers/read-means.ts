import type pg from "pg";

import { readRows } from "../rollups/rollup-store.ts";
import type { SeriesFinder, TagPlace } from "../series-finder.ts";
import { columnMeans } from "./column-means.ts";
import type { PeerColumns } from "./peer-columns.ts";

/**
 * Rows that are read together: between two such questions others are served, and whoever waits may have gone. A day of
 * minutes has 24 of a machine, a year of hours 365.
 */
const rowsTogether = 500;

/**
 * Means by column of one tag of many machines, in their order. Of what is sorted: the frames of the last minutes of a
 * hundred gateways are more than somebody waits for.
 *
 * @param signal aborts when nobody waits any more; then it throws
 */
export async function readMeans(
  pool: Pick<pg.Pool, "query">,
  finder: SeriesFinder,
  places: readonly TagPlace[],
  columns: PeerColumns,
  signal: AbortSignal,
): Promise<readonly Float64Array[]> {
  const { tier, fromUs, stepUs, count } = columns;
  const series = await finder.findEach(places);
  const fromSlot = Math.floor(fromUs / tier.slotUs);
  const toSlot = Math.ceil((fromUs + count * stepUs) / tier.slotUs) - 1;
  const machinesTogether = Math.max(1, Math.floor(rowsTogether / (toSlot - fromSlot + 1)));
  const means: Float64Array[] = [];
  for (let at = 0; at < series.length; at += machinesTogether) {
    signal.throwIfAborted();
    // No series has the number -1: what has nothing sorted has no rows.
    const ranges = series
      .slice(at, at + machinesTogether)
      .map((no = -1) => ({ series: no, fromSlot, toSlot }));
    const rows = await readRows(pool, tier, ranges, "means");
    for (const of of rows) means.push(columnMeans(of, columns));
  }
  return means;
}
