/**
 * The history of tags over all tiers: frames that nobody has sorted yet, chunks of samples, minutes and hours. What is
 * asked for decides the tier: a line is not drawn from more than its pixels can show.
 */
import {
  deviationAt,
  interruptsHold,
  widths,
  type Buckets,
  type Series,
} from "@millwright/aggregates";
import { reducePerColumn, type Log, type ReducedLine } from "@millwright/kit";
import {
  lossReasons,
  type GatewayId,
  type LedgerEntry,
  type LossReason,
} from "@millwright/wire-contract";
import { toGaps, type HistoryLine } from "@millwright/wire-contract/history";
import type pg from "pg";

import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type {
  BucketAnswer,
  BucketOrder,
  DigestAnswer,
  DigestOrder,
  FrameReader,
} from "../hand-over.ts";
import type { Aggregate } from "../hub-views.ts";
import { beginEarlier, type ReadLine, type Tier } from "./begin-earlier.ts";
import type { PeerColumns } from "./peers/peer-columns.ts";
import { readMeans } from "./peers/read-means.ts";
import { concerns } from "./gap-book.ts";
import type { ExportOrder } from "./lake/export-samples.ts";
import { LakeHost } from "./lake/lake-host.ts";
import type { LakeSettings } from "./lake/lake-messages.ts";
import { releasedFiles } from "./lake/lake-store.ts";
import { LinePoints, pushLine, pushRow } from "./rollups/bucket-line.ts";
import {
  hourTier,
  minuteTier,
  readRollups,
  readRows,
  type RollupTier,
} from "./rollups/rollup-store.ts";
import { SampleReader } from "./sample-reader.ts";
import { SeriesBook } from "./series-book.ts";
import { SeriesFinder, type TagPlace } from "./series-finder.ts";

/** Two months of minutes, eleven years of hours: who wants more asks the database or takes an export. */
const aggregatesMax = 100_000;
/** Entries of a tag that a chart can show apart. */
const entriesMax = 1_000;
/** Others, as what was only not told, do not break a line, and come every hour. */
const interrupting = (Object.keys(lossReasons) as LossReason[]).filter(interruptsHold);

export interface HistoryOptions {
  readonly reader: FrameReader;
  /** Ended with the history. */
  readonly pool: pg.Pool;
  /** Answers for days that the database has let go. Ended with the history. */
  readonly lake: LakeHost;
}

/** A chart that takes longer is not waited for any more. */
const statementMs = 30_000;
export function openHistory(settings: LakeSettings, reader: FrameReader, log: Log): History {
  const connectionsMax = poolConnections.charts;
  const pool = openPool({ url: settings.databaseUrl, connectionsMax, statementMs, log });
  return new History({ reader, pool, lake: new LakeHost(settings) });
}

export class History implements AsyncDisposable {
  readonly #reader: FrameReader;
  readonly #pool: pg.Pool;
  readonly #finder: SeriesFinder;
  readonly #samples: SampleReader;
  readonly #lake: LakeHost;

  constructor({ reader, pool, lake }: HistoryOptions) {
    this.#reader = reader;
    this.#lake = lake;
    this.#pool = pool;
    this.#finder = new SeriesFinder(pool);
    this.#samples = new SampleReader(pool, new SeriesBook());
  }

  /**
   * Lines for a chart, in the order of `tags`, with what is known of them. Where a line begins late because what it is
   * drawn from is not kept so long, the next coarser tier stands before it.
   */
  async chart(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    columns: number,
  ): Promise<readonly HistoryLine[]> {
    const tier = tierFor((toUs - fromUs) / columns);
    const [dictionary, gaps, lines] = await Promise.all([
      this.#reader.newestDictionary(gateway),
      this.#gapsOf(gateway, tags, fromUs, toUs),
      this.lines(gateway, tags, fromUs, toUs, columns, tier),
    ]);
    const read: ReadLine = (tag, from, to, part, coarse) =>
      this.lines(gateway, [tag], from, to, part, coarse).then(([line]) => line);
    return await Promise.all(
      tags.map(async (tag, at): Promise<HistoryLine> => {
        const line = lines[at] ?? { times: new Float64Array(0), values: new Float64Array(0) };
        return {
          tag,
          tier,
          error: dictionary?.byId(tag)?.telling?.error ?? 0,
          gaps: toGaps(gaps[at] ?? []),
          ...(await beginEarlier(read, tag, { fromUs, toUs, columns }, tier, line)),
        };
      }),
    );
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
    const [series, gaps, released] = await Promise.all([
      this.#finder.find(gateway, tags),
      this.#gapsOf(gateway, tags, fromUs, toUs),
      tier === "samples" && this.#isReleased(gateway, fromUs, toUs),
    ]);
    const gapsOf = gaps.map((entries) =>
      entries.map((entry) => ({ fromUs: entry.fromUs, toUs: entry.toUs })),
    );
    const question = { gateway, tags, series, fromUs, toUs, columns, gaps: gapsOf };
    if (tier === "samples")
      return released
        ? this.#lake.lines({ kind: "lines", ...question })
        : this.#samples.lines(question);
    const sources = await this.#bucketPoints(
      gateway,
      tags,
      series,
      fromUs,
      toUs,
      columns,
      tierOf(tier),
    );
    return sources.map(({ measuredUs, value, status }, at) =>
      reducePerColumn(measuredUs, value, status, fromUs, toUs, columns, gapsOf[at]),
    );
  }

  /** Samples of all tiers as a Parquet file. @see LakeHost.export */
  export(order: ExportOrder, signal: AbortSignal): ReturnType<LakeHost["export"]> {
    return this.#lake.export(order, signal);
  }

  /** What is stored, for comparing with a gateway: read in the lake's process, because there may be much of it. */
  digest(order: DigestOrder): Promise<DigestAnswer> {
    return this.#lake.digest({ kind: "digest", ...order });
  }

  /** @see digestBuckets */
  digestBuckets(order: BucketOrder): Promise<BucketAnswer | undefined> {
    return this.#lake.digestBuckets({ kind: "digest-buckets", ...order });
  }

  /** Buckets that begin in the range. The last ten minutes are in them once they are sorted. */
  async aggregates(
    gateway: GatewayId,
    tag: string,
    fromUs: number,
    toUs: number,
    tier: Exclude<Tier, "samples">,
  ): Promise<readonly Aggregate[]> {
    const of = tierOf(tier);
    const [series] = await this.#finder.find(gateway, [tag]);
    if (series === undefined) return [];
    const endUs = Math.min(toUs, fromUs + aggregatesMax * of.widthUs);
    const [rows = []] = await readRollups(this.#pool, of, [slots(series, fromUs, endUs, of)]);
    return rows.flatMap(toAggregates).filter(({ startUs }) => startUs >= fromUs && startUs < endUs);
  }

  /** @see readMeans */
  means(
    places: readonly TagPlace[],
    columns: PeerColumns,
    signal: AbortSignal,
  ): Promise<readonly Float64Array[]> {
    return readMeans(this.#pool, this.#finder, places, columns, signal);
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
    await this.#lake[Symbol.asyncDispose]();
    await this.#pool.end();
  }

  async #isReleased(gateway: GatewayId, fromUs: number, toUs: number): Promise<boolean> {
    // As the lake's own reader asks: what has left the database and lies in this range.
    const files = await releasedFiles(this.#pool, gateway, fromUs, toUs);
    return files.length > 0;
  }

  async #gapsOf(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly (readonly LedgerEntry[])[]> {
    const dictionary = await this.#reader.newestDictionary(gateway);
    const devices = tags.flatMap((tag) => dictionary?.byId(tag)?.device ?? []);
    const of = { tags, devices: [...new Set(devices)], reasons: interrupting };
    const most = entriesMax * tags.length;
    const entries = await this.#reader.entriesBetween(gateway, fromUs, toUs, most, of);
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
    columns: number,
    tier: RollupTier,
  ): Promise<readonly Series[]> {
    // Where a whole row lies within a pixel, one of its points is as good as another.
    const wide = (toUs - fromUs) / columns >= tier.slotUs;
    const push = wide ? pushRow : pushLine;
    const known = series.flatMap((no, at) => (no === undefined ? [] : [{ no, at }]));
    const [rows, tail] = await Promise.all([
      readRows(
        this.#pool,
        tier,
        known.map(({ no }) => slots(no, fromUs, toUs, tier)),
        wide ? "rows" : "line",
      ),
      this.#samples.tail(gateway, tags, fromUs, toUs),
    ]);
    const places = new Map(known.map(({ at }, index) => [at, index]));
    return tags.map((_, at) => {
      const points = new LinePoints();
      for (const row of rows[places.get(at) ?? -1] ?? []) push(points, row, tier);
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

function toAggregates(buckets: Buckets): readonly Aggregate[] {
  return Array.from({ length: buckets.count }, (_, row) => {
    const of = (column: Float64Array | Uint32Array): number => column[row] ?? NaN;
    const goodUs = of(buckets.goodUs);
    return {
      startUs: of(buckets.startUs),
      samples: of(buckets.samples),
      good: of(buckets.good),
      goodShare: goodUs / buckets.widthUs,
      ...(Number.isNaN(of(buckets.min))
        ? {}
        : {
            min: of(buckets.min),
            max: of(buckets.max),
            first: of(buckets.first),
            last: of(buckets.last),
          }),
      ...(goodUs > 0 && Number.isFinite(of(buckets.integral))
        ? { mean: of(buckets.integral) / goodUs }
        : {}),
      ...deviationAt(buckets, row),
      worst: of(buckets.worst),
      counted: of(buckets.delta),
    };
  });
}
