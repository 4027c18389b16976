import { join } from "node:path";

import {
  Compactor,
  hourTier,
  LakeFolder,
  openHistory,
  openPool,
  packBuckets,
  RangePartitions,
  Retention,
  SeriesBook,
  Sorter,
  replaceRollups,
  type History,
} from "@millwright/cloud-hub/history-parts";
import { rollUp, ruleOf, noCarry, widths } from "@millwright/aggregates";
import { reducePerColumn, silentLog, systemClock, type Clock } from "@millwright/kit";
import {
  decodeSamples,
  encodeSamples,
  type SampleColumns,
  type TagId,
} from "@millwright/wire-contract";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { makeSignal, makeTags } from "./codec-data.ts";
import { FrameMaker, openHubDatabase, takeInto, type HubDatabase } from "./hub-database.ts";

/** How long a person waits for a chart, by tier. */
export const bench: Bench = {
  name: "history",
  about:
    "lines for 1,200 pixels by the hub's own query path: PostgreSQL on the same machine, warm; 1,000 tags of which 8 have a sample each second and the others each 10 s; one day in the database, one only in Parquet; five years of hours for 20 tags",
  async open(context) {
    const database = await openHubDatabase(context.folder, context.random);
    try {
      const made = await build(context, database);
      context.say("warming up");
      for (let turn = 0; turn < 3; turn++) await measure(made);
      return {
        measure: () => measure(made),
        async [Symbol.asyncDispose]() {
          await made.history[Symbol.asyncDispose]();
          await made.peer.end();
          await database[Symbol.asyncDispose]();
        },
      };
    } catch (failure) {
      await database[Symbol.asyncDispose]();
      throw failure;
    }
  },
};

const dayUs = 86_400_000_000;
const secondUs = 1_000_000;
const hourUs = 3_600 * secondUs;
const columns = 1_200;
const fastTags = 8;
/** 2026-11-02, and the day after. */
const parquetDayUs = 1_793_577_600_000_000;
const hotDayUs = parquetDayUs + dayUs;
const years = 5;
const yearTags = 20;

interface Made {
  readonly history: History;
  readonly maker: FrameMaker;
  readonly tags: readonly string[];
  readonly oldTags: readonly string[];
  /** Bodies of one tag each, for the limit: what decoding and reducing alone take. */
  readonly bodies: readonly Uint8Array[];
  readonly dictionary: FrameMaker["dictionary"];
  readonly peer: ReturnType<typeof openPool>;
}

async function build(context: BenchContext, database: HubDatabase): Promise<Made> {
  const { random, folder } = context;
  const dictionary = makeTags(context.quick ? 50 : 1_000, "float64");
  const maker = new FrameMaker("bench", dictionary);
  const signals = dictionary.tags.map((_, at) => makeSignal(at, random));
  const fast: SampleColumns[] = [];
  const clockAt = (us: number): Clock => ({ ...systemClock, nowUs: () => us });
  const peer = openPool({
    url: database.url,
    connectionsMax: 2,
    statementMs: 600_000,
    log: silentLog,
  });
  const book = new SeriesBook();
  const none = new AbortController().signal;

  await takeInto(database, maker, [maker.dictionaryFrame()], parquetDayUs);
  for (const startUs of [parquetDayUs, hotDayUs]) {
    context.say(startUs === hotDayUs ? "a day for the database" : "a day for Parquet");
    const sorter = new Sorter({
      pool: peer,
      book,
      clock: clockAt(startUs + dayUs),
      log: silentLog,
      hotDays: 3,
    });
    for (let fromS = 0; fromS < 86_400; fromS += 600) {
      const made = tenMinutes(dictionary.tags.length, signals, startUs + fromS * secondUs, context);
      if (startUs === hotDayUs) fast.push(made);
      await takeInto(database, maker, [maker.samples(made)], startUs + fromS * secondUs);
      if (fromS % 7_200 === 6_600) await sorter.sortAll(none);
    }
  }
  context.say("the first day into Parquet");
  const lakeFolder = join(folder, "lake");
  const lake = new LakeFolder({
    folder: lakeFolder,
    damaged: (file, reason) => Promise.reject(new Error(`${file.path}: ${reason}`)),
  });
  // As on the day after the first one has left the database; the second is hot until the day after.
  const clock = clockAt(hotDayUs + 3 * dayUs - hourUs);
  const options = { pool: peer, lake, clock, log: silentLog };
  await new Compactor({ ...options, book, settleMs: 0, samplesPerFile: 4_000_000 }).compactDue(
    none,
  );
  const keep = { samples: 9_000, minutes: 9_000, hours: 9_000 };
  const released = await new Retention({ ...options, hotDays: 2, keep }).releaseChunks();
  if (released.length !== 1) throw new Error(`${released.length} days were released, not one`);
  context.say("five years of hours");
  const oldTags = await makeYears(
    peer,
    dictionary.tags.map(({ id }) => id),
  );
  await makePeerTable(peer, fast);
  await peer.query("vacuum analyze");
  const settings = { databaseUrl: database.url, folder: lakeFolder, logLevel: "error" } as const;
  return {
    history: openHistory(settings, database.store, silentLog),
    maker,
    tags: dictionary.tags.slice(0, fastTags).map(({ id }) => id),
    oldTags,
    bodies: bodiesOf(fast, maker),
    dictionary,
    peer,
  };
}

function tenMinutes(
  tagCount: number,
  signals: readonly ReturnType<typeof makeSignal>[],
  startUs: number,
  { random }: BenchContext,
): SampleColumns {
  const count = fastTags * 600 + (tagCount - fastTags) * 60;
  const made = {
    count,
    tag: new Int32Array(count),
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  let row = 0;
  for (const [tag, signal] of signals.entries()) {
    const stepS = tag < fastTags ? 1 : 10;
    for (let s = 0; s < 600; s += stepS) {
      const { value, status } = signal.next();
      made.tag[row] = tag;
      made.measuredUs[row] =
        startUs + s * secondUs + Math.abs(Math.round(random.normal() * 3)) * 1_000;
      made.value[row] = value;
      made.status[row] = status;
      row++;
    }
  }
  return made;
}

/** Hours of five years before the two days, written as the sorter writes them. */
async function makeYears(
  pool: ReturnType<typeof openPool>,
  tags: readonly TagId[],
): Promise<readonly TagId[]> {
  const chosen = tags.slice(fastTags, fastTags + yearTags);
  const found = await pool.query<{ no: number; tag: string }>(
    "select no, tag from series where tag = any($1::text[])",
    [chosen],
  );
  const firstDay = Math.floor(parquetDayUs / dayUs) - years * 365;
  await new RangePartitions(pool, hourTier.table).ensure(
    Array.from({ length: years + 1 }, (_, year) => firstDay + year * 365),
  );
  const rule = ruleOf({ kind: "measurement", type: "float64", expectedMs: 600_000, scale: 1 });
  for (const { no } of found.rows) {
    // A fortnight again and again: what a day costs to read does not depend on its neighbours.
    const fortnight = Array.from({ length: 14 }, (_, day) => {
      const slot = firstDay + day;
      const samples = 24 * 6;
      const { buckets } = rollUp({
        rule,
        samples: {
          count: samples,
          measuredUs: Float64Array.from(
            { length: samples },
            (_row, at) => slot * dayUs + at * 600 * secondUs,
          ),
          value: Float64Array.from(
            { length: samples },
            (_row, at) => Math.round(2_000 + 500 * Math.sin((day * 144 + at) / 97 + no)) / 100,
          ),
          status: new Uint32Array(samples),
        },
        before: noCarry,
        gaps: [],
        widthUs: widths.hour,
        fromUs: slot * dayUs,
        toUs: (slot + 1) * dayUs,
        knownToUs: (slot + 1) * dayUs,
      });
      return packBuckets(buckets, 0, buckets.count, slot * dayUs);
    });
    const rows = Array.from({ length: years * 365 }, (_, day) => ({
      series: no,
      slot: firstDay + day,
      packed: fortnight[day % fortnight.length] ?? fail(),
    }));
    const client = await pool.connect();
    await replaceRollups(client, hourTier, [], rows);
    client.release();
  }
  return chosen;
}

function fail(): never {
  throw new Error("a fortnight has fourteen days");
}

/** The same samples as rows of an indexed table: what a plain PostgreSQL would be asked. */
async function makePeerTable(
  pool: ReturnType<typeof openPool>,
  fast: readonly SampleColumns[],
): Promise<void> {
  await pool.query(
    "create table bench_rows (tag integer, us bigint, value double precision, status bigint)",
  );
  for (const part of fast) {
    const rows = Array.from({ length: fastTags * 600 }, (_, row) => row);
    await pool.query(
      "insert into bench_rows select * from unnest($1::int[], $2::bigint[], $3::float8[], $4::bigint[])",
      [
        rows.map((row) => part.tag[row]),
        rows.map((row) => part.measuredUs[row]),
        rows.map((row) => part.value[row]),
        rows.map((row) => part.status[row]),
      ],
    );
  }
  await pool.query("create index on bench_rows (tag, us)");
}

function bodiesOf(
  fast: readonly SampleColumns[],
  { dictionary }: FrameMaker,
): readonly Uint8Array[] {
  return Array.from({ length: fastTags }, (_, tag) => {
    const count = fast.length * 600;
    const whole = {
      count,
      tag: new Int32Array(count).fill(tag),
      measuredUs: new Float64Array(count),
      value: new Float64Array(count),
      status: new Uint32Array(count),
    };
    for (const [at, part] of fast.entries()) {
      whole.measuredUs.set(part.measuredUs.subarray(tag * 600, tag * 600 + 600), at * 600);
      whole.value.set(part.value.subarray(tag * 600, tag * 600 + 600), at * 600);
      whole.status.set(part.status.subarray(tag * 600, tag * 600 + 600), at * 600);
    }
    return encodeSamples(whole, dictionary);
  });
}

async function timed(work: () => Promise<number>, atLeast: number): Promise<number> {
  const fromMs = performance.now();
  const points = await work();
  const ms = performance.now() - fromMs;
  if (points < atLeast)
    throw new Error(`an answer has ${points} points, at least ${atLeast} were due`);
  return ms;
}

async function measure({
  history,
  maker,
  tags,
  oldTags,
  bodies,
  dictionary,
  peer,
}: Made): Promise<Figures> {
  const { gateway } = maker;
  const lines = (startUs: number, tier: "samples" | "minutes"): Promise<number> =>
    timed(
      async () =>
        (await history.lines(gateway, tags, startUs, startUs + dayUs - 1, columns, tier)).reduce(
          (sum, line) => sum + line.times.length,
          0,
        ),
      fastTags * columns,
    );
  const hotMs = await lines(hotDayUs, "samples");
  const parquetMs = await lines(parquetDayUs, "samples");
  const minutesMs = await lines(hotDayUs, "minutes");
  const minutesOfReleasedMs = await lines(parquetDayUs, "minutes");
  const rollupMs = await timed(
    async () =>
      (await history.aggregates(gateway, tags[3] ?? "", hotDayUs, hotDayUs + dayUs, "minutes"))
        .length,
    1_440,
  );
  const yearsMs = await timed(
    async () =>
      (
        await history.lines(
          gateway,
          oldTags,
          parquetDayUs - years * 365 * dayUs,
          parquetDayUs - 1,
          columns,
          "hours",
        )
      ).reduce((sum, line) => sum + line.times.length, 0),
    yearTags * columns,
  );
  const limitMs = await timed(
    () =>
      Promise.resolve(
        bodies.reduce((sum, body) => {
          const read = decodeSamples(body, dictionary);
          if ("kind" in read) throw new Error(read.reason);
          const { measuredUs, value, status } = read;
          const line = reducePerColumn(
            measuredUs,
            value,
            status,
            hotDayUs,
            hotDayUs + dayUs,
            columns,
          );
          return sum + line.times.length;
        }, 0),
      ),
    fastTags * columns,
  );
  const tableMs = await timed(
    async () =>
      (
        await peer.query(
          `select tag, (us - $1) / $2 as pixel, min(value), max(value), (array_agg(value order by us))[1] as first,
             (array_agg(value order by us desc))[1] as last
           from bench_rows where tag < ${fastTags} and us >= $1 and us < $3 group by 1, 2`,
          [hotDayUs, dayUs / columns, hotDayUs + dayUs],
        )
      ).rows.length,
    fastTags * columns,
  );
  return {
    chart_24h_8_tags_ms_hot: {
      value: hotMs,
      unit: "ms",
      limit: limitMs,
      peers: { postgres_indexed_rows: tableMs },
      note: "691,200 samples from chunks; limit: decoding and reducing them from memory",
    },
    chart_24h_8_tags_ms_parquet: {
      value: parquetMs,
      unit: "ms",
      limit: limitMs,
      note: "by the process of the lake, files checked before",
    },
    chart_24h_8_tags_ms_minutes: {
      value: minutesMs,
      unit: "ms",
      peers: { of_a_released_day: minutesOfReleasedMs },
      note: "what the page asks for, whatever the day",
    },
    rollup_1_tag_24h_ms: {
      value: rollupMs,
      unit: "ms",
      note: "1,440 minutes with all their fields",
    },
    five_years_20_tags_ms: {
      value: yearsMs,
      unit: "ms",
      note: `${years * 365 * 24 * yearTags} hours`,
    },
  };
}
