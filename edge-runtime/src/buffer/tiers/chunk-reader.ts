import { decodeSamples, type Dictionary, type SampleColumns } from "@millwright/wire-contract";

import type { ChunkRow, ChunkTable } from "./chunk-table.ts";

/** Opens chunks. The rows opened last are kept: sixteen tags in turn are read from the same ones. */

/** Four rows of the largest kind: 3 MB. */
const keptSamplesMax = 131_072;

export class ChunkReader {
  readonly #chunks: ChunkTable;
  readonly #dictionaryOf: (hash: bigint) => Dictionary | undefined;
  readonly #kept = new Map<number, SampleColumns>();
  #keptSamples = 0;
  /** Samples decoded since the last look. */
  #decoded = 0;

  constructor(chunks: ChunkTable, dictionaryOf: (hash: bigint) => Dictionary | undefined) {
    this.#chunks = chunks;
    this.#dictionaryOf = dictionaryOf;
  }

  /** Samples of one tag in a row, in the order in which they were received; undefined when it cannot be read. */
  read(row: Pick<ChunkRow, "id" | "dictionary">, tag: number): SampleColumns | undefined {
    const columns = this.open(row);
    return columns === undefined ? undefined : rowsOfTag(columns, tag);
  }

  /** All samples of a row, sorted by tag. */
  open({ id, dictionary: hash }: Pick<ChunkRow, "id" | "dictionary">): SampleColumns | undefined {
    const kept = this.#kept.get(id);
    if (kept !== undefined) return kept;
    const dictionary = this.#dictionaryOf(hash);
    const body = this.#chunks.body(id);
    if (dictionary === undefined || body === undefined) return undefined;
    const columns = decodeSamples(body, dictionary);
    if ("kind" in columns) return undefined;
    this.#decoded += columns.count;
    for (const [oldId, old] of this.#kept) {
      if (this.#keptSamples + columns.count <= keptSamplesMax) break;
      this.#kept.delete(oldId);
      this.#keptSamples -= old.count;
    }
    this.#kept.set(id, columns);
    this.#keptSamples += columns.count;
    return columns;
  }

  /** How much was decoded since this was asked last: what a slice has cost. */
  takeDecoded(): number {
    const decoded = this.#decoded;
    this.#decoded = 0;
    return decoded;
  }

  /** Numbers of rows that went may be given again. */
  forget(): void {
    this.#kept.clear();
    this.#keptSamples = 0;
  }
}

/** The rows of one tag, of columns sorted by tag. */
function rowsOfTag(columns: SampleColumns, tag: number): SampleColumns {
  const from = firstAtLeast(columns, tag);
  const to = firstAtLeast(columns, tag + 1);
  const rows = {
    count: to - from,
    tag: columns.tag.subarray(from, to),
    measuredUs: columns.measuredUs.subarray(from, to),
    value: columns.value.subarray(from, to),
    status: columns.status.subarray(from, to),
  };
  if (columns.wide === undefined) return rows;
  const wide = new Map(
    [...columns.wide].flatMap(([row, scalar]) =>
      row >= from && row < to ? [[row - from, scalar] as const] : [],
    ),
  );
  return wide.size === 0 ? rows : { ...rows, wide };
}

function firstAtLeast({ count, tag }: SampleColumns, least: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tag[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
