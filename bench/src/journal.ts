import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import Database from "better-sqlite3";
import { openJournalCore, type Journal, type JournalCore } from "@millwright/edge-runtime/journal";
import { silentLog, systemClock, type Random } from "@millwright/kit";
import { encodeSamples, type Dictionary, type GatewayId } from "@millwright/wire-contract";

import type { Bench, BenchContext, Figure, Figures } from "./bench.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { percentile } from "./medians.ts";

/** What it costs to keep samples: commits a second beside a bare loop, and bytes that wear the medium. */
export const bench: Bench = {
  name: "journal",
  about:
    "10,000 made sensors at 1 Hz into SQLite (WAL, synchronous=FULL), each commit durable before the next",
  open(context) {
    const ticks = makeTicks(context.random);
    let run = 0;
    return Promise.resolve({
      async measure() {
        run++;
        const folder = join(context.folder, `run-${run}`);
        return measure(context, folder, ticks);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

type Batch = Parameters<Journal["append"]>[0];

const tagCount = 10_000;
const tickCount = 8;
const secondsPerDay = 86_400;

interface Ticks {
  readonly dictionary: Dictionary;
  /** One sample of each tag. */
  readonly whole: readonly Batch[];
  /** A tenth of the tags each: what 100 ms bring. */
  readonly tenths: readonly Batch[];
}

function makeTicks(random: Random): Ticks {
  const dictionary = makeTags(tagCount, "float64");
  const columns = makeColumns(tagCount, tickCount, "ticks", random);
  const cut = (from: number, rows: number): Batch => ({
    device: dictionary.tags[0]?.device as Batch["device"],
    receivedUs: columns.measuredUs[from] ?? 0,
    late: false,
    count: rows,
    tag: columns.tag.subarray(from, from + rows),
    measuredUs: columns.measuredUs.subarray(from, from + rows),
    value: columns.value.subarray(from, from + rows),
    status: columns.status.subarray(from, from + rows),
  });
  const cuts = (rows: number): Batch[] =>
    Array.from({ length: (tagCount * tickCount) / rows }, (_batch, at) => cut(at * rows, rows));
  return { dictionary, whole: cuts(tagCount), tenths: cuts(tagCount / 10) };
}

async function measure(context: BenchContext, folder: string, ticks: Ticks): Promise<Figures> {
  // Several times the log of 2 MiB: folds into the file are part of every figure.
  const commits = context.quick ? 40 : 500;
  const seconds = await keep(context, join(folder, "second"), ticks, ticks.whole, commits);
  const bare = keepBare(join(folder, "second"), ticks, commits);
  const tenths = await keep(context, join(folder, "tenth"), ticks, ticks.tenths, commits * 3);
  const syncMs = probe(folder, context.quick ? 20 : 200);
  const bytesADay = (bytesPerSample: number): Figure => ({
    value: (bytesPerSample * tagCount * secondsPerDay) / 1e9,
    unit: "GB",
    note: "log and file; 10,000 tags at 1 Hz",
  });
  return {
    share_of_bare_commits: {
      value: bare.ms / seconds.ms,
      unit: "",
      note: "bare: encode, insert one row, commit FULL; nothing numbered, chained, counted or claimed",
    },
    samples_per_s: {
      value: (commits * tagCount * 1_000) / seconds.ms,
      unit: "samples/s",
      limit: (commits * tagCount * 1_000) / bare.ms,
      note: "10,000 samples a commit, durable",
    },
    commit_p50_ms: { value: seconds.p50Ms, unit: "ms", limit: percentile(syncMs, 50) },
    commit_p99_ms: { value: seconds.p99Ms, unit: "ms", limit: percentile(syncMs, 99) },
    mb_written_per_hour_default_interval: {
      value: (seconds.bytesPerSample * tagCount * 3_600) / 1e6,
      unit: "MB",
      limit: (bare.bodyBytesPerSample * tagCount * 3_600) / 1e6,
      note: "limit: the bodies once",
    },
    bytes_written_per_sample_1000_ms: {
      value: seconds.bytesPerSample,
      unit: "B",
      peers: { by_operating_system: seconds.threadBytesPerSample },
    },
    bytes_written_per_sample_100_ms: {
      value: tenths.bytesPerSample,
      unit: "B",
      peers: { by_operating_system: tenths.threadBytesPerSample },
    },
    gb_written_per_day_1000_ms: bytesADay(seconds.bytesPerSample),
    gb_written_per_day_100_ms: bytesADay(tenths.bytesPerSample),
  };
}

interface Kept {
  readonly ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly bytesPerSample: number;
  /** As the operating system counts: whole blocks of 4 KiB. */
  readonly threadBytesPerSample: number;
}

async function keep(
  context: BenchContext,
  folder: string,
  ticks: Ticks,
  batches: readonly Batch[],
  commits: number,
): Promise<Kept> {
  // The tags are written once in the life of a gateway; closing folds them into the file before anything is counted.
  const first = openKept(folder, context.random.fork(`${folder}/first`));
  await first.adoptTags(ticks.dictionary.tags);
  await first.close();
  const journal = openKept(folder, context.random.fork(folder));
  await journal.adoptTags(ticks.dictionary.tags);
  const before = journal.counters();
  const times: number[] = [];
  let samples = 0;
  const fromMs = performance.now();
  for (let commit = 0; commit < commits; commit++) {
    const batch = batches[commit % batches.length];
    if (batch === undefined || !journal.append(batch)) throw new Error("the journal refused");
    const beganMs = performance.now();
    await journal.commit();
    times.push(performance.now() - beganMs);
    samples += batch.count;
  }
  const ms = performance.now() - fromMs;
  await journal.close();
  const after = journal.counters();
  return {
    ms,
    p50Ms: percentile(times, 50),
    p99Ms: percentile(times, 99),
    bytesPerSample: (after.bytesWritten - before.bytesWritten) / samples,
    threadBytesPerSample: (after.threadBytesWritten - before.threadBytesWritten) / samples,
  };
}

function openKept(folder: string, random: Random): JournalCore {
  return openJournalCore({
    folder,
    gateway: "bench" as GatewayId,
    // Commits are asked for one after the other, so the interval never comes to pass.
    commitEveryMs: 3_600_000,
    keepRawHours: 72,
    tellEveryMs: 1_000,
    bytesMax: 4 * 2 ** 30,
    clock: systemClock,
    random,
    log: silentLog,
    onBroken: (failure) => {
      throw failure;
    },
  });
}

/** The least that could be done: encode, one insert, one durable commit. */
function keepBare(
  folder: string,
  { dictionary, whole }: Ticks,
  commits: number,
): { readonly ms: number; readonly bodyBytesPerSample: number } {
  const db = new Database(join(folder, "bare.db"));
  db.pragma("locking_mode = EXCLUSIVE");
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("create table frame (id integer primary key, body blob not null)");
  const insert = db.prepare("insert into frame (body) values (?)");
  let bytes = 0;
  const fromMs = performance.now();
  for (let commit = 0; commit < commits; commit++) {
    const batch = whole[commit % whole.length];
    if (batch === undefined) continue;
    const body = encodeSamples(batch, dictionary);
    bytes += body.length;
    insert.run(body);
  }
  const ms = performance.now() - fromMs;
  db.close();
  return { ms, bodyBytesPerSample: bytes / (commits * tagCount) };
}

/** What this disk takes to make 32 kB durable, in the same minute. */
function probe(folder: string, turns: number): number[] {
  const block = new Uint8Array(32_768);
  const file = openSync(join(folder, "probe"), "w");
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const fromMs = performance.now();
    writeSync(file, block, 0, block.length, turn * block.length);
    fdatasyncSync(file);
    times.push(performance.now() - fromMs);
  }
  closeSync(file);
  return times;
}
