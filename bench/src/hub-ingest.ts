import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { noCarry, rollUp, ruleOf, widths } from "@millwright/aggregates";
import {
  minuteTier,
  openDuck,
  openPool,
  packBuckets,
  PartWriter,
  RangePartitions,
  replaceRollups,
} from "@millwright/cloud-hub/history-parts";
import { silentLog } from "@millwright/kit";
import { Part, programs } from "@millwright/launcher";
import { encodeSamples, messageId, subjects, type Dictionary } from "@millwright/wire-contract";
import { createInbox, headers, type NatsConnection } from "@nats-io/transport-node";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startBroker, stopBroker, type Broker } from "./broker.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { FrameMaker } from "./hub-database.ts";
import { cpuByPart, useOf } from "./processes.ts";

type Pool = ReturnType<typeof openPool>;

/** From the broker's stream to frames on disk, current values and rollups. */
export const bench: Bench = {
  name: "hub-ingest",
  about:
    "the hub's own processes, broker and database on one machine; frames wait in JetStream when the hub starts; counted until every mark has come and every frame is sorted by tag with its minutes and hours; PostgreSQL commits are synced",
  async open(context) {
    const rig = await openRig(context);
    let round = 0;
    return {
      measure: () => measure(context, rig, ++round),
      async [Symbol.asyncDispose]() {
        await stopBroker(rig.broker);
      },
    };
  },
};

interface Rig {
  readonly broker: Broker;
  readonly settings: string;
  readonly data: string;
}

async function openRig({ folder }: BenchContext): Promise<Rig> {
  // Started by root, the hub runs its database as another user, who must get to the data.
  chmodSync(folder, 0o711);
  const stream = join(folder, "nats");
  mkdirSync(stream);
  const broker = await startBroker(stream);
  const settings = join(folder, "hub.yaml");
  const data = join(folder, "data");
  // JSON is YAML.
  writeFileSync(
    settings,
    JSON.stringify({
      releaseBelow: "stored",
      dataFolder: data,
      http: { port: 0 },
      broker: { url: broker.url, mebibytesMax: 4_096 },
      // In ten minutes a sorter of a plant has as many samples of a tag as here in a few seconds.
      history: { sortEveryMin: 0.1 },
      logLevel: "error",
    }),
  );
  const rig = { broker, settings, data };
  // It makes its streams at its first start.
  await (await startHub(rig)).stop();
  return rig;
}

async function startHub({ settings }: Pick<Rig, "settings">): Promise<Part> {
  const hub = new Part({
    name: "hub",
    program: programs.hub,
    args: ["--settings", settings],
    readyMsMax: 120_000,
  });
  await hub.ready;
  return hub;
}

async function measure(context: BenchContext, rig: Rig, round: number): Promise<Figures> {
  const { quick } = context;
  const large = await ingest(context, rig, {
    name: `large-${round}`,
    gateways: quick ? 4 : 100,
    tags: 1_000,
    frames: 2_400,
  });
  const small = await ingest(context, rig, {
    name: `small-${round}`,
    gateways: quick ? 500 : 5_000,
    tags: 50,
    frames: 60,
  });
  context.say("sizes");
  const sizes = await measureSizes(context, rig);
  return {
    samples_per_s: {
      value: large.perSecond,
      unit: "samples/s",
      peers: {
        stored_only: large.storedPerSecond,
        postgres_copy_indexed: sizes.copiedPerSecond,
      },
      note: "1,000-sample frames; stored_only: until the marks have come",
    },
    samples_per_s_5000_gateways: {
      value: small.perSecond,
      unit: "samples/s",
      peers: { stored_only: small.storedPerSecond },
      note: `50-sample frames of ${quick ? 500 : 5_000} gateways`,
    },
    cpu_us_per_sample: cpuFigure(large),
    cpu_us_per_sample_5000_gateways: cpuFigure(small),
    bytes_per_sample_hot_1000: {
      value: large.frameBytes,
      unit: "B",
      peers: { chunks: large.chunkBytes },
      note: "frames with their index; chunks beside them, after sorting",
    },
    bytes_per_sample_hot_50: {
      value: small.frameBytes,
      unit: "B",
      peers: { chunks: small.chunkBytes },
    },
    rollup_bytes_per_row: { value: sizes.rollupBytes, unit: "B", note: "a minute of a sensor" },
    bytes_per_sample_parquet: {
      value: sizes.parquetBytes,
      unit: "B",
      note: "512 samples and more of a tag",
    },
  };
}

function cpuFigure({ cpuUs: { all = NaN, ...parts }, cpuStored }: Ingested): Figures[string] {
  return {
    value: all,
    unit: "us",
    peers: { ...parts, stored_only: cpuStored["all"] ?? NaN },
    note: "processor time of all cores",
  };
}

interface Load {
  readonly name: string;
  readonly gateways: number;
  readonly tags: number;
  /** A frame is one second of all tags. */
  readonly frames: number;
}

interface Ingested {
  readonly perSecond: number;
  readonly storedPerSecond: number;
  readonly frameBytes: number;
  readonly chunkBytes: number;
  /** Processor time of each part, µs a sample: until the last mark, and until the last rollup. */
  readonly cpuStored: Readonly<Record<string, number>>;
  readonly cpuUs: Readonly<Record<string, number>>;
}

async function ingest(context: BenchContext, rig: Rig, load: Load): Promise<Ingested> {
  const { name, gateways, tags, frames } = load;
  context.say(`${gateways} gateways, ${frames} frames of ${tags} samples each`);
  await publish(context, rig, load);
  const hub = await startHub(rig);
  try {
    const fromMs = performance.now();
    const pool = openDatabase(rig.data);
    const before = await sizesOf(pool);
    const due = gateways * (frames + 1);
    const samples = gateways * frames * tags;
    const perSample = cpuMeter(rig, hub.pid, samples);
    let cpuStored: Ingested["cpuStored"] = {};
    let storedMs = NaN;
    let sortedMs = NaN;
    while (Number.isNaN(sortedMs)) {
      context.signal.throwIfAborted();
      if (performance.now() - fromMs > 600_000)
        throw new Error("the hub is not through after 10 min");
      const found = await pool.query<{ stored: bigint; sorted: bigint }>(
        `select coalesce(sum(m.seq), 0)::bigint as stored, coalesce(sum(s.seq), 0)::bigint as sorted
         from epochs e join marks m on m.epoch_no = e.no left join sorted_lanes s using (epoch_no, lane)
         where e.gateway like $1`,
        [`${name}-%`],
      );
      const { stored = 0n, sorted = 0n } = found.rows[0] ?? {};
      if (Number.isNaN(storedMs) && Number(stored) >= due) {
        storedMs = performance.now() - fromMs;
        cpuStored = perSample();
      }
      if (Number(sorted) >= due) sortedMs = performance.now() - fromMs;
      else await sleep(50);
    }
    const cpuUs = perSample();
    const after = await sizesOf(pool);
    await pool.end();
    return {
      perSecond: (samples * 1_000) / sortedMs,
      storedPerSecond: (samples * 1_000) / storedMs,
      frameBytes: (after.frames - before.frames) / samples,
      chunkBytes: (after.chunks - before.chunks) / samples,
      cpuStored,
      cpuUs,
    };
  } finally {
    await hub.stop();
  }
}

/** Where the processors' time goes, from now on. On a machine that does other work too, this says more than the clock. */
function cpuMeter(
  { broker }: Rig,
  hub: number,
  samples: number,
): () => Readonly<Record<string, number>> {
  const parts = { keeper: "keeper-main", postgres: "postgres", hub: "cloud-hub" };
  const read = (): Map<string, number> =>
    new Map([...cpuByPart(hub, parts), ["broker", useOf(broker.child.pid ?? 0).cpuS]]);
  const before = read();
  return () => {
    const used = [...read()].map(([part, s]): [string, number] => [
      part,
      ((s - (before.get(part) ?? 0)) * 1e6) / samples,
    ]);
    return Object.fromEntries([...used, ["all", used.reduce((sum, [, us]) => sum + us, 0)]]);
  };
}

/** All gateways have the same machine: its bodies are encoded once, its frames sealed for each. */
async function publish(context: BenchContext, { broker }: Rig, load: Load): Promise<void> {
  const { name, gateways, tags, frames } = load;
  const dictionary = makeTags(tags, "float64");
  const ticks = makeColumns(tags, frames, "ticks", context.random);
  const parts = Array.from({ length: frames }, (_, at) => {
    const [from, end] = [at * tags, at * tags + tags];
    return {
      count: tags,
      tag: ticks.tag.subarray(from, end),
      measuredUs: ticks.measuredUs.subarray(from, end),
      value: ticks.value.subarray(from, end),
      status: ticks.status.subarray(from, end),
    };
  });
  const bodies = parts.map((part) => encodeSamples(part, dictionary));
  const road = openRoad(broker.client);
  for (let gateway = 0; gateway < gateways; gateway++) {
    const maker = new FrameMaker(`${name}-${gateway}`, dictionary);
    const send = (lane: "critical" | "live", seq: number, bytes: Uint8Array): Promise<void> =>
      road.send(
        subjects.frame(lane, maker.gateway),
        messageId(maker.gateway, maker.epoch, lane, seq, 1),
        bytes,
      );
    await send("critical", 1, maker.dictionaryFrame());
    for (const [at, part] of parts.entries()) {
      await send("live", at + 1, maker.samples(part, bodies[at]));
    }
  }
  await road.settled();
}

/** Counted acks, as the gateway's road has them: so many are on their way. */
const unackedMax = 1_024;

function openRoad(client: NatsConnection): {
  send(subject: string, id: string, bytes: Uint8Array): Promise<void>;
  settled(): Promise<void>;
} {
  const inbox = createInbox();
  let [sent, acked] = [0, 0];
  let wake = (): void => undefined;
  client.subscribe(inbox, {
    callback: (_failure, message) => {
      const text = message.string();
      if (text.includes('"error"')) throw new Error(`the broker refused a frame: ${text}`);
      acked++;
      wake();
    },
  });
  const until = async (most: number): Promise<void> => {
    while (sent - acked > most) await new Promise<void>((resolve) => (wake = resolve));
  };
  return {
    async send(subject, id, bytes) {
      const head = headers();
      head.set("Nats-Msg-Id", id);
      sent++;
      client.publish(subject, bytes, { reply: inbox, headers: head });
      await until(unackedMax);
    },
    settled: () => until(0),
  };
}

function openDatabase(data: string): Pool {
  const [user = "", password = ""] = readFileSync(join(data, "postgres.credentials"), "utf8").split(
    "\n",
  );
  const port = readFileSync(join(data, "postgres/port"), "utf8").trim();
  const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  return openPool({ url, connectionsMax: 2, statementMs: 600_000, log: silentLog });
}

async function sizesOf(pool: Pool): Promise<{ readonly frames: number; readonly chunks: number }> {
  const of = async (table: string): Promise<number> => {
    const found = await pool.query<{ bytes: bigint }>(
      `select coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint as bytes from pg_inherits where inhparent = '${table}'::regclass`,
    );
    return Number(found.rows[0]?.bytes ?? 0n);
  };
  return { frames: await of("frames"), chunks: await of("chunks") };
}

/** What lies for long, written by the hub's own code: minutes of whole hours, and a file of many samples of a tag. */
async function measureSizes(
  context: BenchContext,
  rig: Rig,
): Promise<{ rollupBytes: number; parquetBytes: number; copiedPerSecond: number }> {
  const hours = context.quick ? 24 : 240;
  const sensors = 8;
  const columns = makeColumns(sensors, hours * 3_600, "series", context.random);
  const dictionary = makeTags(sensors, "float64");
  const hub = await startHub(rig);
  const pool = openDatabase(rig.data);
  try {
    return {
      rollupBytes: await rollupBytes(pool, columns, dictionary, hours),
      parquetBytes: await parquetBytes(context.folder, columns, dictionary),
      copiedPerSecond: await copiedPerSecond(pool, columns),
    };
  } finally {
    await pool.end();
    await hub.stop();
  }
}

type Columns = ReturnType<typeof makeColumns>;

function seriesOf(columns: Columns, sensor: number, count: number): Omit<Columns, "tag"> {
  const [from, end] = [sensor * count, sensor * count + count];
  return {
    count,
    measuredUs: columns.measuredUs.subarray(from, end).slice().sort(),
    value: columns.value.subarray(from, end),
    status: columns.status.subarray(from, end),
  };
}

async function rollupBytes(
  pool: Pool,
  columns: Columns,
  dictionary: Dictionary,
  hours: number,
): Promise<number> {
  const partitions = new RangePartitions(pool, minuteTier.table);
  const table = `rollup_minutes_from_${Math.floor((columns.measuredUs[0] ?? 0) / widths.hour / 720) * 720}`;
  let buckets = 0;
  const firstUs = Math.floor((columns.measuredUs[0] ?? 0) / widths.hour) * widths.hour;
  await partitions.ensure(
    Array.from({ length: hours + 1 }, (_, hour) => firstUs / widths.hour + hour),
  );
  await pool.query(`truncate rollup_minutes`);
  const count = columns.count / dictionary.tags.length;
  for (const [sensor, tag] of dictionary.tags.entries()) {
    const series = seriesOf(columns, sensor, count);
    const { buckets: minutes } = rollUp({
      rule: ruleOf(tag),
      samples: { ...series, measuredUs: series.measuredUs.map((us) => Math.max(us, firstUs)) },
      before: noCarry,
      gaps: [],
      widthUs: widths.minute,
      fromUs: firstUs,
      toUs: firstUs + (hours + 1) * widths.hour,
      knownToUs: firstUs + hours * widths.hour,
    });
    const rows = [];
    for (let from = 0; from + 60 <= minutes.count; from += 60) {
      const slot = Math.floor((minutes.startUs[from] ?? 0) / widths.hour);
      rows.push({
        series: sensor + 1,
        slot,
        packed: packBuckets(minutes, from, from + 60, slot * widths.hour),
      });
      buckets += 60;
    }
    const client = await pool.connect();
    await replaceRollups(client, minuteTier, [], rows);
    client.release();
  }
  await pool.query(`vacuum full ${table}`);
  const size = await pool.query<{ bytes: bigint }>(
    `select pg_total_relation_size('${table}') as bytes`,
  );
  return Number(size.rows[0]?.bytes ?? 0n) / buckets;
}

async function parquetBytes(
  folder: string,
  columns: Columns,
  dictionary: Dictionary,
): Promise<number> {
  const duck = await openDuck(folder);
  const writer = await PartWriter.open(duck);
  const count = columns.count / dictionary.tags.length;
  for (const [sensor, { id, unit }] of dictionary.tags.entries()) {
    writer.append({ gateway: "bench", tag: id, unit }, seriesOf(columns, sensor, count), 0);
  }
  const written = await writer.finish(join(folder, "bench.parquet"));
  duck.closeSync();
  return written.bytes / written.samples;
}

/** The usual way of keeping rows: a copy into a table with an index over tag and time. */
async function copiedPerSecond(pool: Pool, columns: Columns): Promise<number> {
  const rows = Math.min(columns.count, 500_000);
  await pool.query("drop table if exists bench_copy");
  await pool.query(
    "create table bench_copy (tag integer, us bigint, value double precision, status bigint)",
  );
  await pool.query("create index on bench_copy (tag, us)");
  await pool.query(
    "create table if not exists bench_rows (tag integer, us bigint, value double precision, status bigint)",
  );
  await pool.query("truncate bench_rows");
  for (let from = 0; from < rows; from += 50_000) {
    const take = (of: ArrayLike<number>): number[] =>
      Array.from({ length: 50_000 }, (_, at) => of[from + at] ?? 0);
    await pool.query(
      "insert into bench_rows select * from unnest($1::int[], $2::bigint[], $3::float8[], $4::bigint[])",
      [take(columns.tag), take(columns.measuredUs), take(columns.value), take(columns.status)],
    );
  }
  // A file of the server's own: neither the driver nor the network is measured.
  const folder = await pool.query<{ setting: string }>(
    "select setting from pg_settings where name = 'data_directory'",
  );
  const file = `${folder.rows[0]?.setting ?? ""}/bench-copy.bin`;
  await pool.query(`copy bench_rows to '${file}' with (format binary)`);
  const fromMs = performance.now();
  await pool.query(`copy bench_copy from '${file}' with (format binary)`);
  return (rows * 1_000) / (performance.now() - fromMs);
}
