import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import {
  hourTier,
  minuteTier,
  openHistory,
  openPool,
  RangePartitions,
  SeriesBook,
  Sorter,
} from "@millwright/cloud-hub/history-parts";
import { silentLog, systemClock, type Clock } from "@millwright/kit";
import type { SampleColumns } from "@millwright/wire-contract";

import type { BenchContext, Figures } from "./bench.ts";
import { makeSignal, makeTags, type Signal } from "./codec-data.ts";
import { FrameMaker, openHubDatabase, takeInto, type HubDatabase } from "./hub-database.ts";
import { median } from "./medians.ts";
import { cpuByPart } from "./processes.ts";

const secondUs = 1_000_000;
const dayUs = 86_400 * secondUs;
/** 2026-11-02: the last day that is over. The year before it is made, the day after it comes in. */
const lastDay = 20_759;
const yearDays = 365;
/** As the settings have it: samples of so many days are in the database, the others in files. */
const hotDays = 3;
const stepS = 10;
const frameS = 600;
/** A transaction takes what has come meanwhile. */
const framesPerBatch = 6;
const chartTags = 8;
const columns = 1_200;
/** Turns of ingest and of the question, the first of which does not count: in it a day gets its partitions. */
const turns = 25;
const turnS = 7_200;
/** Looks, half a second apart, that find autovacuum at rest. */
const idleLooks = 20;
/** PostgreSQL ends what it has begun by itself within so long, or says something is wrong with it. */
const settleMsMax = 600_000;
const none = new AbortController().signal;

/** Two databases that differ in nothing but the year before, asked in turns: what a machine does beside meets both. */
export async function measureHistory(context: BenchContext): Promise<Figures> {
  await using day = await openSide(context, "day");
  await using year = await openSide(context, "year");
  const rows = await makeYear(year.source.pool);
  const sides = [day, year] as const;
  for (const side of sides) {
    await settle(side.source);
    for (let turn = 0; turn < 2; turn++) await side.ask();
  }
  const taken: Turn[] = [];
  for (let turn = 0; turn <= turns; turn++) {
    // Each goes first as often as the other: what one leaves to be written meets who comes after it.
    const [first, second] = turn % 2 === 0 ? [day, year] : [year, day];
    const fromUs = (lastDay + 1) * dayUs + turn * turnS * secondUs;
    const one = await takeTurn(first, fromUs);
    const other = await takeTurn(second, fromUs);
    if (turn > 0) taken.push(first === day ? { day: one, year: other } : { day: other, year: one });
  }
  const middle = (of: (turn: Turn) => number): number => median(taken.map(of));
  const sum = (of: (turn: Turn) => number): number => taken.map(of).reduce((a, b) => a + b);
  return {
    ingest_share_after_a_year: {
      value: middle((turn) => turn.year.rate / turn.day.rate),
      unit: "",
      peers: {
        samples_per_s_day: middle((turn) => turn.day.rate),
        samples_per_s_year: middle((turn) => turn.year.rate),
        database_cpu_share: sum((turn) => turn.year.cpuS) / sum((turn) => turn.day.cpuS),
      },
      note: `frames taken in, sorted and rolled up, two hours at a time; ${rows} rows of minutes and hours made; database_cpu_share: processor time of the database's processes, year by day`,
    },
    last_day_query_ratio_after_a_year: {
      value: middle((turn) => turn.year.askMs / turn.day.askMs),
      unit: "x",
      peers: {
        day_ms: middle((turn) => turn.day.askMs),
        year_ms: middle((turn) => turn.year.askMs),
      },
      note: `${chartTags} tags, 24 h, ${columns} px, from samples and from minutes`,
    },
  };
}

/** What one side did in its turn. */
interface Taken {
  /** Samples/s. */
  readonly rate: number;
  /** Processor time of the database, s. */
  readonly cpuS: number;
  readonly askMs: number;
}

interface Turn {
  readonly day: Taken;
  readonly year: Taken;
}

async function takeTurn(side: Side, fromUs: number): Promise<Taken> {
  const { source } = side;
  const cpuS = (): number =>
    cpuByPart(source.database.pid, { postgres: "postgres" }).get("postgres") ?? NaN;
  const before = cpuS();
  const rate = await ingest(source, fromUs, turnS);
  return { rate, cpuS: cpuS() - before, askMs: await side.ask() };
}

/**
 * A year that was made in a minute leaves work behind that a hub which grew for a year has done day by day: its partitions
 * wait for autovacuum, some GB for the checkpoint. It took more processor time than what was measured beside it, on this
 * side alone. So it is done before: PostgreSQL looks for such work each second and no longer each minute, until it finds
 * none.
 */
async function settle({ pool }: Source): Promise<void> {
  await pool.query("alter system set autovacuum_naptime = '1s'");
  await pool.query("select pg_reload_conf()");
  await pool.query("vacuum analyze");
  const untilMs = performance.now() + settleMsMax;
  for (let idle = 0; idle < idleLooks;) {
    const working = await pool.query(
      "select from pg_stat_activity where backend_type = 'autovacuum worker' and query <> ''",
    );
    idle = working.rowCount === 0 ? idle + 1 : 0;
    if (performance.now() > untilMs) throw new Error("autovacuum does not come to an end");
    await sleep(500);
  }
  await pool.query("alter system reset autovacuum_naptime");
  await pool.query("select pg_reload_conf()");
  await pool.query("checkpoint");
}

interface Side extends AsyncDisposable {
  readonly source: Source;
  /** The last day for a chart. @returns ms */
  ask(): Promise<number>;
}

/** A hub's database with one day of samples, minutes and hours. */
async function openSide(context: BenchContext, name: string): Promise<Side> {
  // As `openHubDatabase` for its own folder: PostgreSQL may run as another user.
  chmodSync(context.folder, 0o711);
  const folder = join(context.folder, name);
  mkdirSync(folder);
  const database = await openHubDatabase(folder, context.random);
  const pool = openPool({
    url: database.url,
    connectionsMax: 2,
    statementMs: 600_000,
    log: silentLog,
  });
  const close = async (): Promise<void> => {
    await pool.end();
    await database[Symbol.asyncDispose]();
    // The next measurement begins anew.
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const dictionary = makeTags(context.quick ? 16 : 100, "float64");
    const maker = new FrameMaker("bench", dictionary);
    const signals = dictionary.tags.map((_tag, at) => makeSignal(at, context.random));
    const source = { context, database, pool, maker, signals, book: new SeriesBook() };
    const lastDayUs = lastDay * dayUs;
    await takeInto(database, maker, [maker.dictionaryFrame()], lastDayUs);
    await ingest(source, lastDayUs, 86_400);
    const settings = {
      databaseUrl: database.url,
      folder: join(folder, "lake"),
      logLevel: "error",
    } as const;
    const history = openHistory(settings, database.store, silentLog);
    const ids = dictionary.tags.slice(0, chartTags).map(({ id }) => id);
    return {
      source,
      async ask() {
        const fromMs = performance.now();
        for (const tier of ["samples", "minutes"] as const) {
          const lines = await history.lines(
            maker.gateway,
            ids,
            lastDayUs,
            lastDayUs + dayUs - 1,
            columns,
            tier,
          );
          const points = lines.reduce((sum, line) => sum + line.times.length, 0);
          if (points < chartTags * columns) throw new Error(`an answer has only ${points} points`);
        }
        return performance.now() - fromMs;
      },
      async [Symbol.asyncDispose]() {
        await history[Symbol.asyncDispose]();
        await close();
      },
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

interface Source {
  readonly context: BenchContext;
  readonly database: HubDatabase;
  readonly pool: ReturnType<typeof openPool>;
  readonly maker: FrameMaker;
  readonly signals: readonly Signal[];
  readonly book: SeriesBook;
}

/** Frames of a time on their whole way into the database. @returns samples/s */
async function ingest(source: Source, fromUs: number, seconds: number): Promise<number> {
  const { context, database, pool, maker, signals, book } = source;
  const clock: Clock = { ...systemClock, nowUs: () => fromUs + seconds * secondUs };
  const sorter = new Sorter({ pool, book, clock, log: silentLog, hotDays });
  const frames: Uint8Array[] = [];
  for (let s = 0; s < seconds; s += frameS) {
    const startUs = fromUs + s * secondUs;
    frames.push(maker.samples(samplesFrom(startUs, signals, context)));
  }
  const fromMs = performance.now();
  for (let at = 0; at < frames.length; at += framesPerBatch) {
    const receivedUs = fromUs + (at + framesPerBatch) * frameS * secondUs;
    await takeInto(database, maker, frames.slice(at, at + framesPerBatch), receivedUs);
  }
  await sorter.sortAll(none);
  const samples = (seconds / stepS) * signals.length;
  return samples / ((performance.now() - fromMs) / 1_000);
}

function samplesFrom(
  startUs: number,
  signals: readonly Signal[],
  { random }: BenchContext,
): SampleColumns {
  const each = frameS / stepS;
  const count = each * signals.length;
  const made = {
    count,
    tag: new Int32Array(count),
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  for (let row = 0; row < count; row++) {
    const tag = Math.floor(row / each);
    const { value = 0, status = 0 } = signals[tag]?.next() ?? {};
    made.tag[row] = tag;
    made.measuredUs[row] =
      startUs + (row % each) * stepS * secondUs + Math.abs(Math.round(random.normal() * 3)) * 1_000;
    made.value[row] = value;
    made.status[row] = status;
  }
  return made;
}

/** The last day again and again, in the partitions that the sorter would have made. @returns rows made */
async function makeYear(pool: ReturnType<typeof openPool>): Promise<number> {
  let rows = 0;
  for (const [tier, slotsPerDay] of [
    [minuteTier, 24],
    [hourTier, 1],
  ] as const) {
    const { name } = tier.table;
    const first = (lastDay - yearDays) * slotsPerDay;
    await new RangePartitions(pool, tier.table).ensure(
      Array.from({ length: yearDays * slotsPerDay }, (_slot, at) => first + at),
    );
    const found = await pool.query<{ column_name: string }>(
      "select column_name from information_schema.columns where table_name = $1 order by ordinal_position",
      [name],
    );
    const others = found.rows.map((row) => row.column_name).filter((one) => one !== "slot");
    const made = await pool.query(
      `insert into ${name} (slot, ${others.join(", ")})
       select r.slot - back * ${slotsPerDay}, ${others.map((one) => `r.${one}`).join(", ")}
       from ${name} r cross join generate_series(1, ${yearDays}) back
       where r.slot >= ${lastDay * slotsPerDay} and r.slot < ${(lastDay + 1) * slotsPerDay}`,
    );
    rows += made.rowCount ?? 0;
  }
  return rows;
}
