import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Part } from "@millwright/launcher";
import { streamNames, subjects } from "@millwright/wire-contract";
import { jetstreamManager } from "@nats-io/jetstream";

import type { Bench, BenchContext, Figure, Figures } from "./bench.ts";
import { startBroker, stopBroker } from "./broker.ts";
import { outageGateway, outageTags } from "./outage-data.ts";
import { autosaveS, outageOfMosquittoBridge } from "./peers/mosquitto-bridge.ts";
import { outageOfNatsLeaf } from "./peers/nats-leaf.ts";
import { bytesIn, type OutageFigures } from "./peers/outage.ts";
import { useOf } from "./processes.ts";

/** The same outage borne by our journal and by what people otherwise use for it. */
export const bench: Bench = {
  name: "outage-peers",
  about:
    "100 values a second are buffered while the hub is away, acknowledged, and the process that has them is killed with -9; it starts again, the hub comes, and all drains: our journal (fsync with each commit), a nats-server leaf node with a mirrored stream, a Mosquitto bridge; a message of the peers holds all values of one second as JSON",
  open(context) {
    let run = 0;
    return Promise.resolve({
      measure: () => measure(context, join(context.folder, `run-${++run}`)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

interface Peer {
  readonly name: string;
  readonly programs: readonly string[];
  readonly play: typeof outageOfNatsLeaf;
}

const peers: readonly Peer[] = [
  { name: "nats_leaf", programs: ["nats-server"], play: outageOfNatsLeaf },
  {
    name: "mosquitto_bridge",
    programs: ["mosquitto", "mosquitto_pub", "mosquitto_sub"],
    play: outageOfMosquittoBridge,
  },
];

async function measure(context: BenchContext, folder: string): Promise<Figures> {
  const ticks = context.quick ? 2_000 : 40_000;
  const samples = ticks * outageTags;
  const ours = await outageOfOurs(join(folder, "ours"), ticks);
  const others = new Map<string, OutageFigures>();
  const missing: string[] = [];
  for (const { name, programs, play } of peers) {
    if (programs.every(isThere)) {
      others.set(name, await play(join(folder, name), ticks, context.signal));
    } else {
      missing.push(name);
      context.say(`${name} is left out: ${programs.join(", ")} must be installed`);
    }
  }
  const figure = (unit: string, of: (one: OutageFigures) => number, note: string): Figure => ({
    value: of(ours),
    unit,
    peers: Object.fromEntries([...others].map(([name, one]) => [name, of(one)])),
    note: missing.length === 0 ? note : `${note}; not there: ${missing.join(", ")}`,
  });
  return {
    lost: figure("samples", ({ lost }) => lost, lostNote(samples)),
    buffer_samples_per_s: figure(
      "samples/s",
      ({ bufferMs }) => (samples * 1_000) / bufferMs,
      "until acknowledged: ours when it is synced; nats-server syncs every two minutes",
    ),
    drain_ms: figure(
      "ms",
      ({ drainMs }) => drainMs,
      "from a hub that is there to the last; up to a second of it is the wait of the leaf node and of the bridge for their next try; the bridge was not killed for this one",
    ),
    bytes_per_sample_on_disk: figure(
      "B",
      ({ diskBytes }) => diskBytes / samples,
      "at the end of the outage; what a Mosquitto has not written down yet is in its memory only",
    ),
    memory_mb: figure("MB", ({ pssMb }) => pssMb, "of the process that buffers; ours is Node"),
  };
}

function lostNote(samples: number): string {
  return `of ${samples} acknowledged, after kill -9; Mosquitto writes down every ${autosaveS} s (its default is 1,800); a power cut is not played here`;
}

async function outageOfOurs(folder: string, ticks: number): Promise<OutageFigures> {
  const [journal, streams] = [join(folder, "journal"), join(folder, "nats")];
  mkdirSync(streams, { recursive: true });
  const keeper = gatewayProcess("keep", journal, String(ticks));
  const bufferMs = await saidBy(keeper);
  const pssMb = useOf(keeper.pid ?? 0).pssMb;
  const diskBytes = bytesIn(journal);
  keeper.kill("SIGKILL");
  await once(keeper, "exit");

  const broker = await startBroker(streams);
  try {
    const manager = await jetstreamManager(broker.client);
    for (const lane of ["critical", "live", "history"] as const) {
      await manager.streams.add({ name: streamNames[lane], subjects: [subjects.frames(lane)] });
    }
    const said: string[] = [];
    const hub = new Part({
      name: "drain-hub",
      program: fileURLToPath(new URL("drain-hub.ts", import.meta.url)),
      args: [broker.url, outageGateway, "distinct"],
      readyMsMax: 30_000,
      onLine: (line) => said.push(line),
    });
    await hub.ready;
    const drainMs = await saidBy(gatewayProcess("drain", journal, broker.url));
    await hub.stop();
    const { distinct } = JSON.parse(said.at(-1) ?? "{}") as { readonly distinct: number };
    return { bufferMs, drainMs, diskBytes, pssMb, lost: ticks * outageTags - distinct };
  } finally {
    await stopBroker(broker);
  }
}

function gatewayProcess(...args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL("outage-gateway.ts", import.meta.url)), args);
}

/** How long its work took, ms. Rejects when it ends before it has said that. */
async function saidBy(child: ChildProcess): Promise<number> {
  const said = once(child, "message").then(([message]) => (message as { readonly ms: number }).ms);
  const ended = once(child, "exit").then(() => {
    throw new Error("our gateway ended before it was done");
  });
  ended.catch(() => undefined);
  return await Promise.race([said, ended]);
}

function isThere(program: string): boolean {
  try {
    execFileSync("which", [program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
