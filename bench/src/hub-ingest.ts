import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { openPool } from "@millwright/cloud-hub/history-parts";
import { silentLog } from "@millwright/kit";
import { Part, programs } from "@millwright/launcher";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startBroker, stopBroker, type Broker } from "./broker.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { copiedPerSecond } from "./copied-rows.ts";
import { publishLoad, type HubLoad } from "./hub-load.ts";
import { parquetBytes, rollupBytes } from "./hub-sizes.ts";
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
  /** All that were sent so far. Nobody else writes into this database. */
  frames: number;
}

/** The question is the database's work as well: asked twenty times a second of 5,000 gateways it was half of that. */
const askEveryMs = 200;

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
  const rig = { broker, settings, data, frames: 0 };
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

/** Each load is a minute at the rate that must be reached. */
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
    frames: 120,
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

interface Ingested {
  readonly perSecond: number;
  readonly storedPerSecond: number;
  readonly frameBytes: number;
  readonly chunkBytes: number;
  /** Processor time of each part, µs a sample: until the last mark, and until the last rollup. */
  readonly cpuStored: Readonly<Record<string, number>>;
  readonly cpuUs: Readonly<Record<string, number>>;
}

async function ingest(context: BenchContext, rig: Rig, load: HubLoad): Promise<Ingested> {
  const { gateways, tags, frames } = load;
  context.say(`${gateways} gateways, ${frames} frames of ${tags} samples each`);
  await publishLoad(context, rig.broker, load);
  const hub = await startHub(rig);
  try {
    const fromMs = performance.now();
    const pool = openDatabase(rig.data);
    const before = await sizesOf(pool);
    rig.frames += gateways * (frames + 1);
    const due = rig.frames;
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
        `select (select coalesce(sum(seq), 0)::bigint from marks) as stored,
           (select coalesce(sum(seq), 0)::bigint from sorted_lanes) as sorted`,
      );
      const { stored = 0n, sorted = 0n } = found.rows[0] ?? {};
      if (Number.isNaN(storedMs) && Number(stored) >= due) {
        storedMs = performance.now() - fromMs;
        cpuStored = perSample();
      }
      if (Number(sorted) >= due) sortedMs = performance.now() - fromMs;
      else await sleep(askEveryMs);
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
