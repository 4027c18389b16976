/**
 * The history of one tag, read from frames: the hub's only tier until rollups and the lake come. Good for the last
 * hour; bounded for everything.
 */
import { reducePerColumn, type ReducedLine } from "@millwright/kit";
import {
  decodeSamples,
  type Dictionary,
  type GatewayId,
  type LedgerEntry,
  type SampleColumns,
  type TagDefinition,
} from "@millwright/wire-contract";

import type { FrameReader, StoredFrame } from "../hand-over.ts";

/**
 * An hour of the demo plant is 36,000 frames a gateway. Beyond this the newest are drawn: a page that asks for a year
 * must not fill the hub's memory.
 */
const framesMax = 50_000;
/** Entries that a chart can show apart. */
const entriesMax = 1_000;

export class History {
  readonly #reader: FrameReader;
  readonly #dictionaries = new Map<string, Dictionary>();

  constructor(reader: FrameReader) {
    this.#reader = reader;
  }

  /** A line for a chart: at most four points for each pixel column, broken where samples are bad or missing. */
  async line(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
    columns: number,
  ): Promise<ReducedLine> {
    const rows = new TagRows();
    for (const frame of await this.#reader.samplesBetween(gateway, fromUs, toUs, framesMax)) {
      const dictionary = await this.#dictionaryOf(gateway, frame.head.dictionary);
      const index = dictionary?.byId(tag)?.index;
      if (dictionary === undefined || index === undefined) continue;
      const samples = frame.samples ?? decoded(frame, dictionary);
      if (samples !== undefined) rows.take(samples, index);
    }
    const gaps = await this.gaps(gateway, tag, fromUs, toUs);
    const { times, values, status } = rows.columns();
    return reducePerColumn(times, values, status, fromUs, toUs, columns, gaps);
  }

  /** What the ledger says about the tag, its device and its gateway in this range. */
  async gaps(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
  ): Promise<readonly LedgerEntry[]> {
    const known = (await this.#reader.newestDictionary(gateway))?.byId(tag);
    const entries = await this.#reader.entriesBetween(gateway, fromUs, toUs, entriesMax);
    return entries.filter((entry) => concerns(entry, tag, known));
  }

  async #dictionaryOf(gateway: GatewayId, hash: bigint): Promise<Dictionary | undefined> {
    const key = `${gateway}/${hash}`;
    const kept = this.#dictionaries.get(key);
    if (kept !== undefined) return kept;
    const read = await this.#reader.dictionary(gateway, hash);
    if (read === undefined) return undefined;
    // Settings change seldom; a fleet's dictionaries of some months are some megabytes.
    if (this.#dictionaries.size >= 1_000) this.#dictionaries.clear();
    this.#dictionaries.set(key, read);
    return read;
  }
}

function decoded(frame: StoredFrame, dictionary: Dictionary): SampleColumns | undefined {
  const read = decodeSamples(frame.body, dictionary);
  return "kind" in read ? undefined : read;
}

function concerns(entry: LedgerEntry, tag: string, known: TagDefinition | undefined): boolean {
  switch (entry.scope.kind) {
    case "gateway":
      return true;
    case "device":
      return entry.scope.device === known?.device;
    case "tag":
      return entry.scope.tag === tag;
  }
}

/** The rows of one tag out of many frames. */
class TagRows {
  readonly #times: number[] = [];
  readonly #values: number[] = [];
  readonly #status: number[] = [];

  take(samples: SampleColumns, index: number): void {
    for (let row = 0; row < samples.count; row++) {
      if (samples.tag[row] !== index) continue;
      const wide = samples.wide?.get(row);
      this.#times.push(samples.measuredUs[row] ?? NaN);
      // A 64-bit integer is drawn as the double next to it; text and bytes have no place on a line.
      this.#values.push(typeof wide === "bigint" ? Number(wide) : (samples.value[row] ?? NaN));
      this.#status.push(samples.status[row] ?? 0);
    }
  }

  columns(): { times: Float64Array; values: Float64Array; status: Uint32Array } {
    return {
      times: Float64Array.from(this.#times),
      values: Float64Array.from(this.#values),
      status: Uint32Array.from(this.#status),
    };
  }
}
