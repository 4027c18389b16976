import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Part, programs } from "@millwright/launcher";

import type { BenchContext } from "./bench.ts";

/** What the gateway tells under `/api/counters`. */
export interface Counters {
  readonly unexplained: number;
  readonly journal: {
    readonly received: number;
    readonly sent: number;
    readonly bytesWritten: number;
    readonly tendCpuMs: number;
    readonly commitP99Ms: number;
    readonly eventsP99Ms: number;
  };
  readonly devices: readonly {
    readonly device: string;
    readonly due: number;
    readonly read: number;
    readonly lost: number;
  }[];
}

let built = false;

/** The gateway's program as a plant runs it, built from what is in the source now. */
export function builtGateway(): string {
  if (!built) execFileSync(process.execPath, [programs.buildGateway], { stdio: "inherit" });
  built = true;
  return programs.builtGateway;
}

/** The gateway as it runs in a plant: the supervisor and beneath it the runtime. */
export interface Gateway {
  readonly part: Part;
  /** When the process was asked for, by `performance.now()`. */
  readonly spawnedMs: number;
  /** By device: when its first samples were on disk, by `performance.now()`. */
  readonly firstDurable: (device: string) => Promise<number>;
  /** Resolves when its log has said it so many times since the start. */
  readonly logged: (event: string, times: number) => Promise<void>;
  readonly counters: () => Promise<Counters>;
}

/** @param settings as a person writes them; the rest of the file is filled in */
export async function startGateway(
  folder: string,
  settings: {
    readonly devices: readonly object[];
    readonly hub?: object;
    readonly journal?: object;
    readonly rules?: readonly object[];
    readonly grants?: readonly object[];
    readonly assets?: readonly object[];
    readonly models?: object;
    readonly alarms?: object;
  },
  commitEveryMs?: number,
  readyMsMax = 30_000,
): Promise<Gateway> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "gateway.yaml");
  const whole = {
    gateway: { id: "bench", name: "Bench" },
    journal: { folder: "journal", ...(commitEveryMs !== undefined && { commitEveryMs }) },
    hmi: { port: 0 },
    ...settings,
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(whole));
  const seen = new Map<string, number>();
  const said = new Map<string, number>();
  const told = new EventEmitter();
  const spawnedMs = performance.now();
  const part = new Part({
    name: "gateway",
    program: builtGateway(),
    args: ["--settings", file],
    readyMsMax,
    onLine: (line) => {
      const [, event = ""] = /"event":"([^"]*)"/.exec(line) ?? [];
      said.set(event, (said.get(event) ?? 0) + 1);
      told.emit("said");
      if (event !== "edge.first-durable") return;
      const { device } = JSON.parse(line) as { readonly device: string };
      seen.set(device, performance.now());
      told.emit(device);
    },
  });
  const facts = await part.ready;
  return {
    part,
    spawnedMs,
    async firstDurable(device) {
      if (!seen.has(device)) await once(told, device, { signal: AbortSignal.timeout(readyMsMax) });
      return seen.get(device) ?? Number.NaN;
    },
    async logged(event, times) {
      const signal = AbortSignal.timeout(readyMsMax);
      while ((said.get(event) ?? 0) < times) await once(told, "said", { signal });
    },
    async counters() {
      const answer = await fetch(`${String(facts["hmi"])}/api/counters`);
      return (await answer.json()) as Counters;
    },
  };
}

/** What the plant's ready line says, as far as a bench needs it. */
export interface PlantFacts {
  readonly opcua?: { readonly url: string; readonly pki: string };
  readonly modbusTcp?: { readonly host: string; readonly port: number };
  readonly tables: Readonly<Record<string, string>>;
}

export async function startVirtualPlant(
  context: BenchContext,
  args: readonly string[],
): Promise<{ readonly part: Part; readonly facts: PlantFacts }> {
  const part = new Part({
    name: "plant",
    program: programs.plant,
    args: ["--data", join(context.folder, "plant"), ...args],
    readyMsMax: 60_000,
  });
  return { part, facts: (await part.ready) as unknown as PlantFacts };
}

/** As `millwright trust` leaves it after a person has said yes: one certificate, named by its thumbprint. */
export function trustServer(gatewayFolder: string, device: string, pki: string): void {
  const own = join(pki, "own/certs");
  const [name] = readdirSync(own);
  if (name === undefined) throw new Error(`no certificate in ${own}`);
  const der = new X509Certificate(readFileSync(join(own, name))).raw;
  const trust = join(gatewayFolder, "journal/devices", device, "trust");
  mkdirSync(trust, { recursive: true });
  const thumbprint = createHash("sha1").update(der).digest("hex").toUpperCase();
  writeFileSync(join(trust, `${thumbprint}.der`), der);
}
