/** The outage as a Mosquitto bridge bears it: the edge's broker queues for the hub's, and writes its queue down at times. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "@millwright/kit";
import { messageOf, outageTags, outageTicks } from "../outage-data.ts";
import { useOf } from "../processes.ts";
import { arrivals, bytesIn, type OutageFigures } from "./outage.ts";

/** Its default is half an hour; what came since is lost with the process. */
export const autosaveS = 30;
const readyMsMax = 10_000;

/** Twice: what is killed has little left to drain, so how long that takes is seen where it is not. */
export async function outageOfMosquittoBridge(
  folder: string,
  ticks: number,
  signal: AbortSignal,
): Promise<OutageFigures> {
  const { drainMs } = await play(join(folder, "goes-on"), ticks, signal, false);
  return { ...(await play(join(folder, "killed"), ticks, signal, true)), drainMs };
}

async function play(
  folder: string,
  ticks: number,
  signal: AbortSignal,
  isKilled: boolean,
): Promise<OutageFigures> {
  const [edgePort, hubPort] = [await freePort(), await freePort()];
  const [edgeFolder, hubFolder] = [join(folder, "edge"), join(folder, "hub")];
  const bridge = [
    "connection hub",
    `address 127.0.0.1:${hubPort}`,
    "topic plant/# out 1",
    "cleansession false",
    "restart_timeout 1",
  ];
  const edgeConfig = writeConfig(edgeFolder, edgePort, bridge);
  const hubConfig = writeConfig(hubFolder, hubPort, []);
  const subscriber = ["-p", String(hubPort), "-i", "bench", "-c", "-q", "1", "-t", "plant/#"];

  // Known to the hub before the outage, so that nothing goes to nobody.
  const before = await startMosquitto(hubConfig, hubPort);
  await ended(spawn("mosquitto_sub", [...subscriber, "-E"], { stdio: "ignore" }));
  await stop(before, "SIGTERM");

  const edge = await startMosquitto(edgeConfig, edgePort);
  const fromMs = performance.now();
  const publisher = spawn(
    "mosquitto_pub",
    ["-p", String(edgePort), "-q", "1", "-t", "plant/line-1", "-l"],
    { stdio: ["pipe", "ignore", "ignore"] },
  );
  for (const tick of outageTicks(ticks)) {
    if (!publisher.stdin.write(`${messageOf(tick)}\n`)) await once(publisher.stdin, "drain");
  }
  publisher.stdin.end();
  await ended(publisher);
  const bufferMs = performance.now() - fromMs;
  const pssMb = useOf(edge.pid ?? 0).pssMb;
  const diskBytes = bytesIn(edgeFolder);
  if (isKilled) await stop(edge, "SIGKILL");

  const again = isKilled ? await startMosquitto(edgeConfig, edgePort) : edge;
  const hub = await startMosquitto(hubConfig, hubPort);
  const joinedMs = performance.now();
  let lines = 0;
  const listener = spawn("mosquitto_sub", subscriber, { stdio: ["ignore", "pipe", "ignore"] });
  listener.stdout.on("data", (bytes: Buffer) => {
    for (const byte of bytes) if (byte === 10) lines++;
  });
  try {
    const { lastMs, came } = await arrivals(ticks, () => lines, signal);
    // QoS 1 is at least once.
    const lost = Math.max(0, ticks - came) * outageTags;
    return { bufferMs, drainMs: lastMs - joinedMs, diskBytes, pssMb, lost };
  } finally {
    for (const child of [listener, again, hub]) await stop(child, "SIGTERM");
  }
}

function writeConfig(folder: string, port: number, more: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}.conf`;
  const lines = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence true",
    `persistence_location ${folder}/`,
    `autosave_interval ${autosaveS}`,
    // Without a bound, as the outage needs it: its own default is a thousand messages.
    "max_queued_messages 0",
    // Started by root it would become another user, whose the folder is not.
    ...(process.getuid?.() === 0 ? ["user root"] : []),
    ...more,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

async function startMosquitto(config: string, port: number): Promise<ChildProcess> {
  const child = spawn("mosquitto", ["-c", config], { stdio: "ignore" });
  const endMs = performance.now() + readyMsMax;
  while (!(await answers(port))) {
    if (performance.now() > endMs) throw new Error("mosquitto did not come within 10 s");
    await sleep(20);
  }
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  child.kill(signal);
  await ended(child);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
