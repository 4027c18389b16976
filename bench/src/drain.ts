import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { openJournal, type Journal } from "@millwright/edge-runtime/journal";
import { createNatsRoad } from "@millwright/edge-runtime/nats-road";
import { createUplink } from "@millwright/edge-runtime/parts";
import { silentLog, systemClock, type Clock } from "@millwright/kit";
import { Part } from "@millwright/launcher";
import {
  messageId,
  streamNames,
  subjects,
  type Dictionary,
  type GatewayId,
} from "@millwright/wire-contract";
import { jetstreamManager } from "@nats-io/jetstream";
import { createInbox, headers } from "@nats-io/transport-node";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startBroker, stopBroker, type Broker } from "./broker.ts";
import { makeColumns, makeTags } from "./codec-data.ts";
import { median } from "./medians.ts";

/** An outage and what follows it: how fast samples are kept, how fast they drain, and whether now is late meanwhile. */
export const bench: Bench = {
  name: "drain",
  about:
    "two days of 1,000 made sensors at 1 Hz into a gateway's journal (a thread, synchronous=FULL) with the hub away; then the hub is there: the uplink over a nats-server with file streams to a hub that checks frames and stores at once, while 2,000 live samples a second go on; both have been through a smaller outage before",
  async open(context) {
    const stream = join(context.folder, "nats");
    mkdirSync(stream);
    const broker = await startBroker(stream);
    const manager = await jetstreamManager(broker.client);
    for (const lane of ["critical", "live", "history"] as const) {
      await manager.streams.add({ name: streamNames[lane], subjects: [subjects.frames(lane)] });
    }
    let run = 0;
    return {
      measure: () => measure(context, broker, ++run),
      async [Symbol.asyncDispose]() {
        await stopBroker(broker);
      },
    };
  },
};

const tagCount = 1_000;
/** Two days of a sample a second. */
const outageSamples = 2 * 86_400 * tagCount;
const quickSamples = 8_000_000;
/** What a batch of acquisition brings: ten seconds of all tags. */
const ticksPerBatch = 10;
const liveEveryMs = 100;
const livePerBatch = 200;
/** Bare publishing of the same bytes is over in a moment, and so is done more than once. */
const bareTurns = 3;
/** Of the outage before the one that is measured. */
const warmUpSamples = 4_000_000;
/** The broker has not answered so many, in both ways (the window of a lane of the gateway). */
const unackedMax = 2_048;

type Batch = Parameters<Journal["append"]>[0];

/**
 * Frames that are sealed within ten seconds of an outage's first one go to the live lane (protocol 4.2): the clock goes on
 * by more than that before the flood.
 */
const outageMs = 20_000;

async function measure(context: BenchContext, broker: Broker, run: number): Promise<Figures> {
  const samples = context.quick ? quickSamples : outageSamples;
  const gateway = `bench-${run}` as GatewayId;
  const dictionary = makeTags(tagCount, "float64");
  const clock = new LateClock(2 * outageMs);
  const journal = await openJournal({
    folder: join(context.folder, `run-${run}`),
    gateway,
    commitEveryMs: liveEveryMs,
    keepRawHours: 72,
    tellEveryMs: 1_000,
    bytesMax: 8 * 2 ** 30,
    clock,
    random: context.random.fork(gateway),
    log: silentLog,
    onBroken(failure) {
      throw failure;
    },
  });
  const hub = startHub(broker, gateway);
  try {
    await hub.part.ready;
    await journal.adoptTags(dictionary.tags);
    const load = { journal, clock, next: batchesOf(dictionary, context) };
    const way = { context, journal, clock, broker, gateway, dictionary };
    // Gateway and hub of a plant have worked for long when an outage ends. A drain takes a second here, and the
    // compiling of what runs for the first time takes more processor time than all of it.
    await buffer(load, warmUpSamples);
    await drain(way);
    const buffered = await buffer(load, samples);
    await emptyStreams(broker);
    context.say(`run ${run}: drains ${buffered.samples} samples`);
    const drained = await drain(way);
    const late = await hub.end();
    await emptyStreams(broker);
    const bareBytesPerS = await publishBare(broker, gateway, drained);
    const listener = startHub(broker, gateway);
    await listener.part.ready;
    const heardBytesPerS = await publishBare(broker, gateway, drained);
    await listener.part.stop();
    const bytesPerS = (drained.bytes * 1_000) / drained.ms;
    return {
      buffer_samples_per_s: {
        value: buffered.samples / buffered.cpuS,
        unit: "samples/s",
        peers: { wall: (buffered.samples * 1_000) / buffered.ms },
        note: "per second of one core, until on disk and sealed for the history lane; wall: with all that else runs here",
      },
      drain_samples_per_s: {
        value: buffered.samples / drained.cpuS,
        unit: "samples/s",
        peers: { wall: (buffered.samples * 1_000) / drained.ms },
        note: "per second of one core of the gateway's process with its journal thread; wall: with broker, hub and all that else runs here",
      },
      share_of_bare_bytes_per_s: {
        value: bytesPerS / bareBytesPerS,
        unit: "",
        peers: {
          mb_per_s: bytesPerS / 1e6,
          bare_mb_per_s: bareBytesPerS / 1e6,
          bare_heard_mb_per_s: heardBytesPerS / 1e6,
          share_of_bare_heard: bytesPerS / heardBytesPerS,
        },
        note: `${drained.frames} frames of ${Math.round(drained.bytes / drained.frames)} B; bare: acks counted, no journal, no hub, no marks; heard: the hub's process hears it on the same cores, as it does the drain`,
      },
      live_lag_p99_ms: {
        value: late.p99,
        unit: "ms",
        peers: { p50: late.p50 },
        note: `measured to stored, ${late.frames} live frames of watched tags while history drained; up to ${liveEveryMs} ms of it wait for the commit`,
      },
    };
  } finally {
    await hub.part.stop();
    await journal.close();
  }
}

/** Some time behind the clock of this machine; it catches up with each outage. */
class LateClock implements Clock {
  #behindMs: number;

  constructor(behindMs: number) {
    this.#behindMs = behindMs;
  }

  goOn(ms: number): void {
    this.#behindMs -= ms;
  }

  nowUs(): number {
    return systemClock.nowUs() - this.#behindMs * 1_000;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() - this.#behindMs;
  }

  after(ms: number, ring: () => void): () => void {
    return systemClock.after(ms, ring);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
}

/** More than a frame holds, so that no frame repeats itself. */
const batchCount = 64;

/** Batches one after the other; the values repeat themselves, the times go on. */
function batchesOf(dictionary: Dictionary, context: BenchContext): () => Batch {
  const columns = makeColumns(tagCount, ticksPerBatch * batchCount, "ticks", context.random);
  const rows = tagCount * ticksPerBatch;
  const device = dictionary.tags[0]?.device as Batch["device"];
  let turn = 0;
  return () => {
    const from = (turn % batchCount) * rows;
    const laterUs = Math.floor(turn++ / batchCount) * batchCount * ticksPerBatch * 1e6;
    return {
      device,
      receivedUs: columns.measuredUs[from] ?? 0,
      late: false,
      count: rows,
      tag: columns.tag.subarray(from, from + rows),
      measuredUs: columns.measuredUs.subarray(from, from + rows).map((us) => us + laterUs),
      value: columns.value.subarray(from, from + rows),
      status: columns.status.subarray(from, from + rows),
    };
  };
}

/** An outage: about so many samples for the history lane. */
async function buffer(
  load: { readonly journal: Journal; readonly clock: LateClock; readonly next: () => Batch },
  wanted: number,
): Promise<{ readonly samples: number; readonly ms: number; readonly cpuS: number }> {
  const { journal, clock, next } = load;
  const keepOne = async (): Promise<number> => {
    const batch = next();
    while (!journal.append(batch)) await sleep(1);
    return batch.count;
  };
  await keepOne();
  await committed(journal);
  clock.goOn(outageMs);
  const fromMs = performance.now();
  const cpu = process.cpuUsage();
  let samples = 0;
  while (samples < wanted) samples += await keepOne();
  await committed(journal);
  const ms = performance.now() - fromMs;
  const used = process.cpuUsage(cpu);
  return { samples, ms, cpuS: (used.user + used.system) / 1e6 };
}

async function committed(journal: Journal): Promise<void> {
  while (journal.counters().inMemory > 0) await sleep(1);
}

interface Late {
  readonly p50: number;
  readonly p99: number;
  readonly frames: number;
}

function startHub(
  broker: Broker,
  gateway: GatewayId,
): { readonly part: Part; readonly end: () => Promise<Late> } {
  const said: string[] = [];
  const part = new Part({
    name: "drain-hub",
    program: fileURLToPath(new URL("drain-hub.ts", import.meta.url)),
    args: [broker.url, gateway],
    readyMsMax: 30_000,
    onLine: (line) => said.push(line),
  });
  return {
    part,
    async end() {
      await part.stop();
      const { late, wanting } = JSON.parse(said.at(-1) ?? "{}") as {
        readonly late: Late;
        readonly wanting: number;
      };
      if (wanting > 0) throw new Error(`${wanting} frames did not fit their chain`);
      return late;
    },
  };
}

interface Drained {
  readonly ms: number;
  readonly cpuS: number;
  readonly frames: number;
  readonly bytes: number;
}

async function drain(way: {
  readonly context: BenchContext;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly broker: Broker;
  readonly gateway: GatewayId;
  readonly dictionary: Dictionary;
}): Promise<Drained> {
  const { context, journal, clock, broker, gateway, dictionary } = way;
  const { outbox, orders } = journal;
  let frames = 0;
  let bytes = 0;
  let fromMs = NaN;
  let cpu = process.cpuUsage();
  const road = createNatsRoad({ servers: [broker.url], gateway });
  const uplink = createUplink({
    outbox,
    orders,
    link: { bytesPerSMax: Infinity, historyShare: 0.8 },
    road: {
      async connect(events, signal) {
        const session = await road.connect(events, signal);
        return {
          ...session,
          publish(lane, round, subject, id, frame) {
            if (lane === "history" && Number.isNaN(fromMs)) {
              // Connecting, greeting and what is critical come before it.
              fromMs = performance.now();
              cpu = process.cpuUsage();
            }
            if (lane === "history") {
              frames++;
              bytes += frame.length;
            }
            session.publish(lane, round, subject, id, frame);
          },
        };
      },
    },
    gateway: { gateway, name: "Bench", site: "", hmi: "", software: "bench" },
    clock: systemClock,
    random: context.random.fork(`${gateway}/uplink`),
    log: silentLog,
    beat: () => ({
      version: 1,
      gateway,
      nowUs: systemClock.nowUs(),
      devices: [],
      waitingFrames: 0,
      waitingSamples: 0,
      oldestWaitingMs: 0,
      unexplained: 0,
      stopping: false,
    }),
  });
  const device = dictionary.tags[0]?.device as Batch["device"];
  let at = 0;
  const tellLive = (): void => {
    // Somebody looks at them: each commit tells what is new.
    outbox.watch(dictionary.tags.map(({ id }) => id));
    journal.append(liveBatch(device, clock.nowUs(), (at += livePerBatch)));
  };
  await uplink.start();
  tellLive();
  const live = setInterval(tellLive, liveEveryMs);
  while ((await waitingIn("history", outbox)) > 0)
    await sleep(5, undefined, { signal: context.signal });
  const ms = performance.now() - fromMs;
  const used = process.cpuUsage(cpu);
  clearInterval(live);
  // What was measured while history drained is on its way.
  await committed(journal);
  while ((await waitingIn("live", outbox)) > 0)
    await sleep(5, undefined, { signal: context.signal });
  await uplink.stop(AbortSignal.timeout(5_000));
  return { ms, cpuS: (used.user + used.system) / 1e6, frames, bytes };
}

function liveBatch(device: Batch["device"], nowUs: number, from: number): Batch {
  const measuredUs = new Float64Array(livePerBatch).fill(nowUs);
  return {
    device,
    receivedUs: nowUs,
    late: false,
    count: livePerBatch,
    tag: Int32Array.from(measuredUs, (_us, row) => (from + row) % tagCount),
    measuredUs,
    value: Float64Array.from(measuredUs, (_us, row) => Math.round(from + row) / 100),
    status: new Uint32Array(livePerBatch),
  };
}

/** Frames of a lane that the hub has not stored. */
async function waitingIn(which: "live" | "history", outbox: Journal["outbox"]): Promise<number> {
  const lanes = await outbox.lanes();
  return lanes
    .filter(({ lane }) => lane === which)
    .reduce((sum, { headSeq, storedSeq }) => sum + headSeq - storedSeq, 0);
}

/** Bytes a second, the median of its turns. */
async function publishBare(
  broker: Broker,
  gateway: GatewayId,
  { frames, bytes }: Pick<Drained, "frames" | "bytes">,
): Promise<number> {
  const turns: number[] = [];
  for (let turn = 0; turn < bareTurns; turn++) {
    turns.push(await publishOnce(broker, gateway, frames, bytes));
    await emptyStreams(broker);
  }
  return median(turns);
}

/** What is left when nothing is kept, proven or waited for: the same number of bytes in frames of the mean size. */
async function publishOnce(
  { client }: Broker,
  gateway: GatewayId,
  frames: number,
  bytes: number,
): Promise<number> {
  const frame = new Uint8Array(Math.round(bytes / frames)).fill(7);
  const subject = subjects.frame("history", gateway);
  const inbox = createInbox();
  let sent = 0;
  let acked = 0;
  const fromMs = performance.now();
  await new Promise<void>((resolve) => {
    const fill = (): void => {
      while (sent < frames && sent - acked < unackedMax) {
        const head = headers();
        head.set("Nats-Msg-Id", messageId(gateway, "0".repeat(32), "history", ++sent, 0));
        client.publish(subject, frame, { reply: inbox, headers: head });
      }
    };
    const acks = client.subscribe(inbox, {
      callback: () => {
        acked++;
        if (acked === frames) {
          acks.unsubscribe();
          resolve();
        } else if (sent - acked <= unackedMax / 2) fill();
      },
    });
    fill();
  });
  return (frames * frame.length * 1_000) / (performance.now() - fromMs);
}

async function emptyStreams({ client }: Broker): Promise<void> {
  const manager = await jetstreamManager(client);
  for (const lane of ["critical", "live", "history"] as const) {
    await manager.streams.purge(streamNames[lane]);
  }
}
