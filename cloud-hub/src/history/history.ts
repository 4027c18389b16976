/**
 * The history of tags over all tiers: frames that nobody has sorted yet, chunks of samples, minutes and hours. What is
 * asked for decides the tier: a line is not drawn from more than its pixels can show.
 */
import { widths, type Buckets, type Series } from "@millwright/aggregates";
import { reducePerColumn, type Log, type ReducedLine } from "@millwright/kit";
import type { GatewayId, LedgerEntry } from "@millwright/wire-contract";
import type pg from "pg";

import { openPool } from "../database/pool.ts";
import type { FrameReader } from "../hand-over.ts";
import { concerns } from "./gap-book.ts";
import { LinePoints, pushLine } from "./rollups/bucket-line.ts";
import { joinBuckets } from "./rollups/join-buckets.ts";
import {
  hourTier,
  minuteTier,
  readRollups,
  readRows,
  type RollupTier,
} from "./rollups/rollup-store.ts";
import { SampleReader } from "./sample-reader.ts";
import { SeriesBook } from "./series-book.ts";
import { SeriesFinder } from "./series-finder.ts";

/** Entries that a chart can show apart. */
const entriesMax = 1_000;

export type Tier = "samples" | "minutes" | "hours";

export interface HistoryOptions {
  readonly reader: FrameReader;
  /** Ended with the history. */
  readonly pool: pg.Pool;
}

/** A chart that takes longer is not waited for any more. */
const statementMs = 30_000;
/** Charts that are drawn at the same time; the others wait. */
const connectionsMax = 4;

export function openHistory(url: string, reader: FrameReader, log: Log): History {
  return new History({ reader, pool: openPool({ url, connectionsMax, statementMs, log }) });
}

export class History implements AsyncDisposable {
  readonly #reader: FrameReader;
  readonly #pool: pg.Pool;
  readonly #finder: SeriesFinder;
  readonly #samples: SampleReader;

  constructor({ reader, pool }: HistoryOptions) {
    this.#reader = reader;
    this.#pool = pool;
    this.#finder = new SeriesFinder(pool);
    this.#samples = new SampleReader(pool, new SeriesBook());
  }

  /** A line for a chart: at most four points for each pixel column, broken where samples are bad or missing. */
  async line(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
    columns: number,
  ): Promise<ReducedLine> {
    const [line] = await this.lines(gateway, [tag], fromUs, toUs, columns);
    return line ?? { times: new Float64Array(0), values: new Float64Array(0) };
  }

  /**
   * Several lines at once, in the order of `tags`.
   * @param tier when it is not to be chosen by the width of a pixel column
   */
  async lines(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    columns: number,
    tier: Tier = tierFor((toUs - fromUs) / columns),
  ): Promise<readonly ReducedLine[]> {
    const [series, gaps] = await Promise.all([
      this.#finder.find(gateway, tags),
      this.#gapsOf(gateway, tags, fromUs, toUs),
    ]);
    const sources =
      tier === "samples"
        ? (await this.#samples.read(gateway, tags, series, fromUs, toUs)).map(asNumbers)
        : await this.#bucketPoints(gateway, tags, series, fromUs, toUs, tierOf(tier));
    return sources.map(({ measuredUs, value, status }, at) =>
      reducePerColumn(measuredUs, value, status, fromUs, toUs, columns, gaps[at] ?? []),
    );
  }

  /** All samples of a tag in the range, in order of time, none of them twice. */
  async samples(gateway: GatewayId, tag: string, fromUs: number, toUs: number): Promise<Series> {
    const series = await this.#finder.find(gateway, [tag]);
    const [found] = await this.#samples.read(gateway, [tag], series, fromUs, toUs);
    if (found === undefined) throw new Error(`no answer for ${tag}`);
    return found;
  }

  /** Buckets that begin in the range. The last ten minutes are in them once they are sorted. */
  async aggregates(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
    tier: Exclude<Tier, "samples">,
  ): Promise<Buckets> {
    const of = tierOf(tier);
    const [series] = await this.#finder.find(gateway, [tag]);
    const [rows = []] =
      series === undefined
        ? []
        : await readRollups(this.#pool, of, [slots(series, fromUs, toUs, of)]);
    return joinBuckets(
      of.widthUs,
      rows.map((buckets) => ({ buckets, fromUs, toUs })),
    );
  }

  /** What the ledger says about the tag, its device and its gateway in this range. */
  async gaps(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
  ): Promise<readonly LedgerEntry[]> {
    const [entries] = await this.#gapsOf(gateway, [tag], fromUs, toUs);
    return entries ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #gapsOf(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly (readonly LedgerEntry[])[]> {
    const dictionary = await this.#reader.newestDictionary(gateway);
    const entries = await this.#reader.entriesBetween(gateway, fromUs, toUs, entriesMax);
    return tags.map((tag) =>
      entries.filter((entry) => concerns(entry.scope, tag, dictionary?.byId(tag))),
    );
  }

  /** Points of buckets, and of the frames that are not in them yet. */
  async #bucketPoints(
    gateway: GatewayId,
    tags: readonly string[],
    series: readonly (number | undefined)[],
    fromUs: number,
    toUs: number,
    tier: RollupTier,
  ): Promise<readonly Series[]> {
    const known = series.flatMap((no, at) => (no === undefined ? [] : [{ no, at }]));
    const [rows, tail] = await Promise.all([
      readRows(
        this.#pool,
        tier,
        known.map(({ no }) => slots(no, fromUs, toUs, tier)),
        "line",
      ),
      this.#samples.tail(gateway, tags, fromUs, toUs),
    ]);
    const places = new Map(known.map(({ at }, index) => [at, index]));
    return tags.map((_, at) => {
      const points = new LinePoints();
      for (const row of rows[places.get(at) ?? -1] ?? []) pushLine(points, row, tier);
      const late = tail[at];
      for (let row = 0; row < (late?.count ?? 0); row++) {
        const bad = (late?.status[row] ?? 0) >>> 30 >= 2;
        points.push(late?.measuredUs[row] ?? NaN, bad ? NaN : (late?.value[row] ?? NaN));
      }
      const { times, values } = points.columns();
      return {
        count: times.length,
        measuredUs: times,
        value: values,
        status: new Uint32Array(times.length),
      };
    });
  }
}

/** A 64-bit integer is drawn as the double next to it; text and bytes have no place on a line. */
function asNumbers(series: Series): Series {
  if (series.wide === undefined) return series;
  const value = series.value.slice();
  for (const [row, scalar] of series.wide) {
    if (typeof scalar === "bigint") value[row] = Number(scalar);
  }
  return { ...series, value };
}

/** The widest buckets of which each pixel column has at least one. */
function tierFor(usPerColumn: number): Tier {
  if (usPerColumn >= widths.hour) return "hours";
  return usPerColumn >= widths.minute ? "minutes" : "samples";
}

function tierOf(tier: Exclude<Tier, "samples">): RollupTier {
  return tier === "hours" ? hourTier : minuteTier;
}

function slots(
  series: number,
  fromUs: number,
  toUs: number,
  tier: RollupTier,
): { series: number; fromSlot: number; toSlot: number } {
  return {
    series,
    fromSlot: Math.floor(fromUs / tier.slotUs),
    toSlot: Math.floor(toUs / tier.slotUs),
  };
}
