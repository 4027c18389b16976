import { statSync } from "node:fs";
import { join } from "node:path";

import { openJournalCore } from "@millwright/edge-runtime/journal";
import { PlayedClock, silentLog, systemClock } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { makeTags } from "./codec-data.ts";
import { startGateway, startVirtualPlant, type PlantFacts } from "./gateway.ts";
import { familyOf } from "./processes.ts";
import { takeAll } from "./take-all.ts";

/** How long a gateway whose journal is large keeps nothing after it was killed. */
export const bench: Bench = {
  name: "recover",
  about:
    "kill -9 of supervisor and runtime in the midst of work, then from the spawn of the next supervisor to its first commit that holds a value of the device; the journal holds 2 GB of random doubles, of which nothing can be saved by compressing",
  async open(context) {
    const plant = await startVirtualPlant(context, ["--protocols", "modbus-tcp"]);
    const folder = join(context.folder, "gateway");
    await fill(context, join(folder, "journal"));
    return {
      measure: () => measure(context, folder, plant.facts),
      async [Symbol.asyncDispose]() {
        await plant.part.stop();
      },
    };
  },
};

const tagCount = 1_000;
/** A sample of each tag in each second, a commit for a hundred of them. */
const ticksPerCommit = 100;
/** Nothing of the 2 GB grows too old while it is measured. */
const keepRawHours = 240;

async function measure(context: BenchContext, folder: string, plant: PlantFacts): Promise<Figures> {
  const large = await killedAndBack(folder, plant);
  const empty = await killedAndBack(join(context.folder, "empty"), plant);
  return {
    first_durable_ms_2gb: {
      value: large,
      unit: "ms",
      limit: empty,
      note: `${(journalBytes(folder) / 1e9).toFixed(2)} GB on disk; limit: the same with a journal of some seconds`,
    },
  };
}

async function killedAndBack(folder: string, plant: PlantFacts): Promise<number> {
  const settings = {
    devices: [deviceOf(plant)],
    journal: { folder: "journal", mebibytesMax: 4_096, keepRawHours },
  };
  const killed = await startGateway(folder, settings);
  await killed.firstDurable("press-1");
  for (const pid of familyOf(killed.part.pid)) process.kill(pid, "SIGKILL");
  await killed.part.exited;
  const back = await startGateway(folder, settings);
  const atMs = await back.firstDurable("press-1");
  await back.part.stop();
  return atMs - back.spawnedMs;
}

/** Fills a journal as hours of samples would, all stored by the hub, so that most of it lies in chunks. */
async function fill(context: BenchContext, folder: string): Promise<void> {
  const dictionary = makeTags(tagCount, "float64");
  const clock = new PlayedClock(systemClock.nowUs() - 7 * 86_400_000_000);
  const journal = openJournalCore({
    ...{ folder, gateway: "bench" as GatewayId, commitEveryMs: 86_400_000, tellEveryMs: 1_000 },
    ...{ keepRawHours, bytesMax: 4 * 2 ** 30, clock, log: silentLog },
    random: context.random.fork("epoch"),
    onBroken: (failure) => {
      throw failure;
    },
  });
  await journal.adoptTags(dictionary.tags);
  const device = dictionary.tags[0]?.device;
  if (device === undefined) throw new Error("there is no tag");
  const count = tagCount * ticksPerCommit;
  const tag = Int32Array.from({ length: count }, (_unused, row) => row % tagCount);
  const value = new Float64Array(count);
  const measuredUs = new Float64Array(count);
  const status = new Uint32Array(count);
  const wanted = context.quick ? 64e6 : 2e9;
  for (let bytes = 0; bytes < wanted;) {
    const receivedUs = clock.nowUs();
    for (let row = 0; row < count; row++) {
      value[row] = context.random.next();
      measuredUs[row] = receivedUs + Math.floor(row / tagCount) * 1_000_000;
    }
    const batch = { device, receivedUs, late: false, count, tag, measuredUs, value, status };
    if (!journal.append(batch)) throw new Error("the journal refused");
    await journal.commit();
    await takeAll(journal);
    await clock.advance(ticksPerCommit * 1_000);
    bytes = journal.counters().journalBytes;
    context.say(`${(bytes / 1e6).toFixed(0)} MB of ${(wanted / 1e6).toFixed(0)}`);
    context.signal.throwIfAborted();
  }
  await journal.close();
}

function journalBytes(folder: string): number {
  return statSync(join(folder, "journal/journal.db")).size;
}

function deviceOf({ modbusTcp, tables }: PlantFacts): object {
  const { host, port } = modbusTcp ?? {};
  return {
    id: "press-1",
    protocol: "modbus",
    connection: { framing: "tcp", host, port, unit: 1 },
    tags: tables["press-1"],
  };
}
