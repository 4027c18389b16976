import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  Part,
  programs,
  trustPlant,
  writeLineSettings,
  type PlantEndpoints,
} from "@millwright/launcher";
import type { LiveChange } from "@millwright/wire-contract";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { builtGateway } from "./gateway.ts";
import { percentile } from "./medians.ts";

/** How old a value is when a person at the console sees it. */
export const bench: Bench = {
  name: "e2e",
  about:
    "from the source time that the device gave a value to its arrival on the console's stream; one line of the demo (plant, gateway, hub, broker, database), OPC UA, Basic256Sha256, signed and encrypted, sampled every 100 and 200 ms, published every 100 ms, commits of 100 ms, durable; conflated to one change in 100 ms as for a page",
  async open(context) {
    const parts: Part[] = [];
    const stopAll = async (): Promise<void> => {
      for (const part of parts.toReversed()) await part.stop();
    };
    try {
      const console = await startLine(context, parts);
      const page = await openPage(`${console}/api/gateways/${gateway}/live?tags=${tags.join(",")}`);
      // The first seconds are those of a start: old values, a hub that catches up.
      await page.ages(context.quick ? 20 : 100);
      return {
        measure: async () => figuresOf(await page.ages(context.quick ? 40 : 300)),
        async [Symbol.asyncDispose]() {
          page.close();
          await stopAll();
        },
      };
    } catch (failure) {
      await stopAll();
      throw failure;
    }
  },
};

const gateway = "line-1";
/** They change with each sample, and have the device's own time. */
const tags = ["pump-1/motor-current", "pump-1/produced"] as const;

function figuresOf(agesMs: readonly number[]): Figures {
  return {
    device_to_console_p50_ms: { value: percentile(agesMs, 50), unit: "ms" },
    device_to_console_p99_ms: {
      value: percentile(agesMs, 99),
      unit: "ms",
      note: "publishing interval 100 ms, commit interval 100 ms",
    },
  };
}

/** Starts everything, adding it to `parts`. Returns the address of the console. */
async function startLine(context: BenchContext, parts: Part[]): Promise<string> {
  const start = (name: string, program: string, args: readonly string[]): Part => {
    const part = new Part({ name, program, args, readyMsMax: 60_000 });
    parts.push(part);
    return part;
  };
  // Started by root, the hub runs its database as another user, who must get to the data.
  chmodSync(context.folder, 0o711);
  const hubFolder = join(context.folder, "hub");
  mkdirSync(hubFolder);
  const hubFile = join(hubFolder, "hub.yaml");
  // JSON is YAML.
  writeFileSync(
    hubFile,
    JSON.stringify({ releaseBelow: "stored", dataFolder: "data", http: { port: 0 } }),
  );
  const hub = start("hub", programs.hub, ["--settings", hubFile]);
  const plant = start("plant", programs.plant, ["--data", join(context.folder, "plant")]);
  const facts = await hub.ready;
  const endpoints = (await plant.ready) as unknown as PlantEndpoints;
  const settings = writeLineSettings(
    {
      id: gateway,
      name: "Line 1",
      site: "Bench",
      folder: join(context.folder, "gateway"),
      hmiPort: 0,
      commitEveryMs: 100,
      hub: {
        url: String(facts["broker"]),
        credentialsFile: String(facts["gatewayCredentials"]),
      },
    },
    endpoints,
  );
  if (endpoints.opcua !== undefined) await trustPlant(settings, "pump-1", endpoints.opcua);
  await start("gateway", builtGateway(), ["--settings", settings]).ready;
  return String(facts["console"]);
}

interface Page {
  /** Collects so many values that had not been seen before; their ages in ms when they came. */
  ages(count: number): Promise<readonly number[]>;
  close(): void;
}

/** Reads the stream as a page does. The hub knows the gateway only once it has said hello, so it is asked until then. */
async function openPage(url: string): Promise<Page> {
  const closing = new AbortController();
  const untilMs = performance.now() + 30_000;
  let answer = await fetch(url, { signal: closing.signal });
  while (answer.status === 404 && performance.now() < untilMs) {
    await answer.body?.cancel();
    answer = await fetch(url, { signal: closing.signal });
  }
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  const events = changesOf(answer.body);
  const last = new Map<string, number>();
  return {
    async ages(count) {
      const ages: number[] = [];
      while (ages.length < count) {
        const { value, done } = await events.next();
        if (done === true) throw new Error("the console ended its stream");
        const nowMs = performance.timeOrigin + performance.now();
        for (const { t, m, v } of value.values) {
          if (typeof v !== "number" || last.get(t) === m) continue;
          last.set(t, m);
          ages.push(nowMs - m / 1_000);
        }
      }
      return ages;
    },
    close() {
      closing.abort();
    },
  };
}

async function* changesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<LiveChange, void> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n");
      const data = lines.find((line) => line.startsWith("data: "));
      if (!lines.includes("event: change") || data === undefined) continue;
      yield JSON.parse(data.slice("data: ".length)) as LiveChange;
    }
  }
}
