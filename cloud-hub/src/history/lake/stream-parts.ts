/** Samples of several tags out of Parquet files, as they are found: for those who look at each once and keep none. */
import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";

import { quoted } from "./duck.ts";

export interface StreamQuestion {
  readonly paths: readonly string[];
  readonly gateway: string;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Takes a run of samples of one tag. The columns hold until it returns.
 * @param at place of the tag among those that were asked for
 */
export type TakeRun = (
  at: number,
  measuredUs: Float64Array,
  value: Float64Array,
  status: Uint32Array,
) => void;

/** DuckDB's vectors have so many rows. */
const vectorRows = 2_048;

/**
 * In the order of the files, and within them by tag and time. What a double does not hold comes as the double next to
 * it, or NaN. Nothing else may be asked on this connection meanwhile.
 */
export async function streamParts(
  connection: DuckDBConnection,
  { paths, gateway, tags, fromUs, toUs }: StreamQuestion,
  take: TakeRun,
): Promise<void> {
  if (paths.length === 0 || tags.length === 0) return;
  const names = tags.map(quoted).join(", ");
  // The place of a tag and not its name: names would be copied for each row.
  const result = await connection.stream(
    `select list_position([${names}], tag), epoch_us(time)::double, value, status
     from read_parquet([${paths.map(quoted).join(", ")}])
     where gateway = ${quoted(gateway)} and tag in (${names})
       and time >= make_timestamptz(${Math.ceil(fromUs)}) and time <= make_timestamptz(${Math.floor(toUs)})`,
  );
  const columns = {
    place: new Float64Array(vectorRows),
    measuredUs: new Float64Array(vectorRows),
    value: new Float64Array(vectorRows),
    status: new Uint32Array(vectorRows),
  };
  for (;;) {
    const chunk = await result.fetchChunk();
    const rows = chunk?.rowCount ?? 0;
    if (chunk === null || rows === 0) return;
    for (const [index, column] of Object.values(columns).entries())
      fill(column, chunk, index, rows);
    const { place, measuredUs, value, status } = columns;
    for (let from = 0; from < rows;) {
      const at = place[from] ?? 0;
      const end = endOfRun(place, from, rows);
      take(
        at - 1,
        measuredUs.subarray(from, end),
        value.subarray(from, end),
        status.subarray(from, end),
      );
      from = end;
    }
  }
}

function fill(
  into: Float64Array | Uint32Array,
  chunk: DuckDBDataChunk,
  index: number,
  rows: number,
): void {
  const vector = chunk.getColumnVector(index);
  for (let row = 0; row < rows; row++) into[row] = vector.getItem(row) as number;
}

/** Tags follow each other in a file: one that comes again begins another file. */
function endOfRun(place: Float64Array, from: number, rows: number): number {
  let end = from + 1;
  while (end < rows && place[end] === place[from]) end++;
  return end;
}
