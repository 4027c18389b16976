/**
 * `make demo`: a virtual plant of two lines, a gateway beside each, and the hub above them. The second start goes on
 * with the same data. One line on the terminal for each part says how it is; Ctrl-C ends all of it.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { hintOf, messageChain } from "@millwright/kit";
import { stringify } from "yaml";

import { demoTagRules, demoTelling } from "./demo-telling.ts";
import { listenForMoves } from "./demo-switch.ts";
import { HubCable } from "./hub-cable.ts";
import { writeLineSettings, type PlantEndpoints } from "./line.ts";
import { Part, type ReadyFacts } from "./part.ts";
import { programs } from "./programs.ts";
import { watchScada } from "./scada-line.ts";
import { createStatusBoard } from "./status-board.ts";
import { trustPlant } from "./trust-plant.ts";

const ports = { console: 8_080, hmi: [8_081, 8_082] } as const;
/** Often enough to be seen; a plant takes one an hour. */
const demoCaptureEveryMin = 2;
/** 10 commits a second: everything is quick on a desk. On a flash card this would cost its life (settings say how). */
const demoCommitMs = 100;
/** The first start makes a database and certificates; on a slow machine that takes its time. */
const readyMsMax = 120_000;

const demoPlant = "Brno";
const lines = [
  { id: "line-1", name: "Line 1", site: `${demoPlant} / Machining / Line 1`, seed: "line-1" },
  { id: "line-2", name: "Line 2", site: `${demoPlant} / Machining / Line 2`, seed: "line-2" },
] as const;

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: ".demo" },
    replay: { type: "string" },
    "replay-speed": { type: "string", default: "1" },
  },
});
const folder = resolve(options.folder);
mkdirSync(folder, { recursive: true });

const board = createStatusBoard(process.stdout);
const parts: Part[] = [];
/** Between each gateway and the hub, by line. */
const cables = new Map<string, HubCable>();
/** Where each line's plant lets something be done to its machines. */
const plantControls = new Map<string, string>();

/**
 * Half of the work of a start goes into compiling what has not changed since the last one, so Node keeps it. The
 * gateway's program sees to that itself.
 */
const keepsCompiled = [
  "--import",
  `data:text/javascript,import { enableCompileCache } from "node:module"; enableCompileCache(${JSON.stringify(join(folder, "compiled"))});`,
] as const;

function start(
  name: string,
  program: string,
  args: readonly string[],
  nodeFlags: readonly string[] = [],
): Part {
  const log = join(folder, `${name}.log`);
  writeFileSync(log, "");
  const part = new Part({
    name,
    program,
    args,
    nodeFlags,
    readyMsMax,
    onLine: (line) => {
      writeFileSync(log, `${line}\n`, { flag: "a" });
      // Said once, by a gateway to which nobody can sign in yet.
      const [, code] = /type the code (\S+)/.exec(line) ?? [];
      if (code !== undefined) board.say(`${name}: to act, "Sign in" with the code ${code}`);
    },
  });
  parts.push(part);
  board.set(name, "starting");
  void part.exited.then(({ code, signal }) => {
    if (!stopping.signal.aborted)
      board.set(name, `ended (${signal ?? `code ${code}`}), see ${log}`);
  });
  return part;
}

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}

/** In the reverse order of the flow, so that what was acquired still gets its way to the hub. */
async function stopAll(): Promise<void> {
  board.say("Stopping.");
  for (const part of parts.toReversed()) {
    await part.stop();
    board.set(part.name, "stopped");
  }
  for (const cable of cables.values()) await cable.remove();
}

async function startAll(): Promise<void> {
  const hubFolder = join(folder, "hub");
  mkdirSync(hubFolder, { recursive: true });
  const hubSettings = join(hubFolder, "hub.yaml");
  writeFileSync(
    hubSettings,
    "# There are no backups yet: gateways delete what the hub has stored. Said in words on purpose.\n" +
      stringify({ releaseBelow: "stored", dataFolder: "data", http: { port: ports.console } }),
  );
  const hub = start("hub", programs.hub, ["--settings", hubSettings], keepsCompiled);
  const plants = lines.map((line, index) => startPlant(line, index === 0));
  void hub.ready.then(
    (facts) => {
      board.set("hub", `console ${String(facts["console"])}`);
    },
    () => undefined,
  );
  // Each gateway waits for the hub and for its own plant, and for nobody else.
  await Promise.all(
    lines.map(async (line, index) => {
      const [facts, endpoints] = await Promise.all([hub.ready, plants[index]]);
      if (endpoints === undefined) return;
      await startGateway(line, ports.hmi[index] ?? 0, endpoints, {
        url: await layCable(line.id, String(facts["broker"])),
        credentialsFile: String(facts["gatewayCredentials"]),
      });
    }),
  );
}

/** Answers where the gateway of the line finds the hub. */
async function layCable(line: string, broker: string): Promise<string> {
  const url = new URL(broker);
  const cable = await HubCable.lay({ host: url.hostname, port: Number(url.port) });
  cables.set(line, cable);
  return `${url.protocol}//127.0.0.1:${cable.port}`;
}

/** @returns what ends it again */
async function openHands(): Promise<() => Promise<void>> {
  const opened = await listenForMoves(folder, {
    lines: lines.map(({ id }) => id),
    async do(move, line) {
      const time = new Date().toISOString().slice(11, 19);
      switch (move) {
        case "cut":
          cables.get(line)?.pull();
          board.set(`network ${line}`, `cable out since ${time} UTC`);
          break;
        case "join":
          cables.get(line)?.plug();
          board.set(`network ${line}`, "cable in");
          break;
        case "wear":
          await wearBearing(line, { from: 0.02, to: 0.95, forS: 60 });
          board.set(`spindle ${line}`, `front bearing wears since ${time} UTC`);
          break;
        case "repair":
          await wearBearing(line, { from: 0.95, to: 0.02, forS: 1 });
          board.set(`spindle ${line}`, "new bearing");
          break;
      }
    },
  });
  return () => opened.stop();
}

async function wearBearing(
  line: string,
  wear: { readonly from: number; readonly to: number; readonly forS: number },
): Promise<void> {
  const control = plantControls.get(line);
  if (control === undefined) throw new Error(`the plant of ${line} does not run`);
  await fetch(`${control}/faults`, { method: "DELETE" });
  const answer = await fetch(`${control}/faults`, {
    method: "POST",
    body: JSON.stringify({ kind: "bearing-wear", machine: "spindle-1", ...wear }),
  });
  if (!answer.ok) throw new Error(`the plant of ${line} refused: ${await answer.text()}`);
}

async function startPlant(line: (typeof lines)[number], first: boolean): Promise<PlantEndpoints> {
  const plant = start(
    `plant ${line.id}`,
    programs.plant,
    [
      ...["--data", join(folder, `plant-${line.id}`), "--seed", line.seed],
      // Recorded data go over the first line only: one recording, one place.
      ...(options.replay !== undefined && first
        ? ["--replay", resolve(options.replay), "--replay-speed", options["replay-speed"]]
        : []),
    ],
    keepsCompiled,
  );
  const endpoints = (await plant.ready) as ReadyFacts & PlantEndpoints;
  if (endpoints.control !== undefined) plantControls.set(line.id, endpoints.control.url);
  board.set(plant.name, "machines run");
  return endpoints;
}

async function startGateway(
  line: (typeof lines)[number],
  hmiPort: number,
  endpoints: PlantEndpoints,
  hub: { readonly url: string; readonly credentialsFile: string },
): Promise<void> {
  const settings = writeLineSettings(
    {
      ...line,
      folder: join(folder, line.id),
      hmiPort,
      commitEveryMs: demoCommitMs,
      telling: demoTelling,
      tagRules: demoTagRules,
      captureEveryMin: demoCaptureEveryMin,
      models: programs.models,
      scadaGroup: demoPlant,
      hub,
    },
    endpoints,
  );
  if (endpoints.opcua !== undefined) {
    // Each device has its own trust, also where two of them are one server.
    const devices = endpoints.replay === undefined ? ["pump-1"] : ["pump-1", "replay"];
    for (const device of devices) board.say(await trustPlant(settings, device, endpoints.opcua));
  }
  const gateway = start(`gateway ${line.id}`, programs.builtGateway, ["--settings", settings]);
  const facts = await gateway.ready;
  board.set(gateway.name, `HMI ${String(facts["hmi"])}, ${String(facts["tags"])} tags`);
  const say = (words: string): void => {
    board.set(`scada ${line.id}`, words);
  };
  const gone = new AbortController();
  void gateway.exited.then(() => {
    gone.abort();
    say("ended with its gateway");
  });
  const watched = AbortSignal.any([stopping.signal, gone.signal]);
  void watchScada(String(facts["hmi"]), say, watched);
}

function lastWords(): string {
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../package.json"), "utf8"),
  ) as { readonly version: string };
  return `Millwright ${version} runs. Open the addresses above. Data: ${folder}. \`make demo-cut\` in another terminal pulls the cable to the hub, \`make demo-join\` plugs it in; \`make demo-wear\` wears out a bearing, \`make demo-repair\` changes it. Ctrl-C stops all of it.`;
}

try {
  await Promise.race([
    startAll(),
    new Promise<never>((_resolve, reject) => {
      stopping.signal.addEventListener("abort", () => {
        reject(new Error("stopped while starting"));
      });
    }),
  ]);
  const closeHands = await openHands();
  board.say(lastWords());
  await new Promise<void>((resolveStop) => {
    if (stopping.signal.aborted) resolveStop();
    stopping.signal.addEventListener("abort", () => {
      resolveStop();
    });
  });
  await closeHands();
} catch (failure) {
  if (!stopping.signal.aborted) {
    process.exitCode = 1;
    board.say(messageChain(failure));
    board.say(hintOf(failure) ?? "");
    stopping.abort();
  }
} finally {
  await stopAll();
}
