/**
 * One device, one gateway with its supervisor, and one hub with its broker and its database: real processes in a
 * folder of their own, which a test starts, kills and starts again.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "@millwright/kit";
import { Part, programs } from "@millwright/launcher";
import type { Target } from "@millwright/scenario";
import type { GatewayRow, LiveSnapshot } from "@millwright/wire-contract";
import { stringify } from "yaml";

import { CounterDevice } from "./counter-device.ts";
import { firstSnapshot } from "./live-snapshot.ts";
import { childOf, isRunning, kill, recordedIn } from "./processes.ts";
import { waitFor } from "./wait-for.ts";

export interface RigOptions {
  readonly tags: number;
  readonly everyMs: number;
  readonly commitEveryMs: number;
  /** Another gateway program than the product's, for a control. It takes `--settings` and says that it is ready. */
  readonly gatewayProgram?: string;
  /** How long the journal keeps what it has released for charts of its own; the product's default when absent. */
  readonly keepRawHours?: number;
  /** What the hub is told, by kind of tag; everything when absent. */
  readonly telling?: Readonly<Record<string, string>>;
  /** Further devices beside the first. */
  readonly moreDevices?: readonly CounterDevice[];
  /** Settings of the hub in the place of the usual ones. */
  readonly hub?: Readonly<Record<string, unknown>>;
}

/** Making a database, and recovering one after a kill on a machine that is busy with other tests. */
const readyMsMax = 90_000;
/** A part that was just killed is back within the longest back-off of whoever looks after it. */
const backMsMax = 30_000;
/** `RestartSec` of systemd, as it is when nobody sets it. */
const initPauseMs = 100;

export const gatewayId = "line-1";

export class Rig implements AsyncDisposable {
  readonly device: CounterDevice;
  readonly folder: string;
  readonly hubData: string;
  /** The last lines of all parts, for the message of a test that fails. */
  readonly lines: string[] = [];
  /** Ends of hub or gateway that nobody had asked for, and how. */
  readonly endedByThemselves: string[] = [];
  /** Where the gateway looks for the hub, when a cable of the test lies between. */
  gatewayFindsHubAt: string | undefined;
  readonly #killed = new Set<number>();
  readonly #options: RigOptions;
  #hmiPort = 0;
  #broker = "";
  #hub: Part | undefined;
  #gateway: Part | undefined;

  private constructor(options: RigOptions) {
    this.#options = options;
    this.device = new CounterDevice("device-1", options.tags);
    this.folder = mkdtempSync(join(tmpdir(), "millwright-hil-"));
    // Run by root, PostgreSQL is another user and has to pass.
    chmodSync(this.folder, 0o711);
    this.hubData = join(this.folder, "hub/data");
  }

  /** A rig with a device that listens and nothing else; all of it ends with the test. */
  static async open(t: Pick<TestContext, "after">, options: RigOptions): Promise<Rig> {
    const rig = new Rig(options);
    t.after(() => rig[Symbol.asyncDispose]());
    rig.#hmiPort = await freePort();
    await rig.device.appear();
    return rig;
  }

  async startHub(): Promise<void> {
    mkdirSync(join(this.folder, "hub"), { recursive: true });
    const usual = { releaseBelow: "stored", dataFolder: "data", http: { port: 0 } };
    writeFileSync(this.hubSettings, stringify({ ...usual, ...this.#options.hub }));
    const hub = this.#part("hub", programs.hub, this.hubSettings);
    this.#hub = hub;
    this.#startAgainWhenEnded(hub, () => this.startHub());
    this.#broker = String((await hub.ready)["broker"]);
  }

  get hubSettings(): string {
    return join(this.folder, "hub/hub.yaml");
  }

  get gatewaySettings(): string {
    return join(this.folder, "gateway.yaml");
  }

  /** How a gateway reaches the hub, as it stands in settings. */
  get road(): { readonly url: string; readonly credentialsFile: string } {
    return {
      url: this.gatewayFindsHubAt ?? this.#broker,
      credentialsFile: join(this.hubData, "gateway.credentials"),
    };
  }

  /** Without a hub when there never was one: before that there is neither an address nor a password. */
  async startGateway(): Promise<void> {
    const gateway = this.#part(
      "gateway",
      this.#options.gatewayProgram ?? programs.gateway,
      this.#writeGatewaySettings(),
    );
    this.#gateway = gateway;
    this.#startAgainWhenEnded(gateway, () => this.startGateway());
    await gateway.ready;
  }

  async stopHub(): Promise<void> {
    const hub = this.#hub;
    this.#hub = undefined;
    await hub?.stop();
  }

  async stopGateway(): Promise<void> {
    const gateway = this.#gateway;
    this.#gateway = undefined;
    await gateway?.stop();
  }

  /** Nobody starts the gateway again any more. @returns its processes, which still run */
  async letGoOfGateway(): Promise<readonly number[]> {
    const parts = (["gateway", "runtime"] as const).map((target) =>
      waitFor(`a ${target}`, backMsMax, () => this.#pidOf(target)),
    );
    const pids = await Promise.all(parts);
    this.#gateway = undefined;
    return pids;
  }

  /** Nobody starts the hub again any more. @returns it, its broker and its database, which still run */
  async letGoOfHub(): Promise<readonly number[]> {
    const parts = (["hub", "broker", "database"] as const).map((target) =>
      waitFor(`a ${target}`, backMsMax, () => this.#pidOf(target)),
    );
    const pids = await Promise.all(parts);
    this.#hub = undefined;
    return pids;
  }

  /** kill -9 of one part; then what looks after it in a plant does its work. Waits for a victim that is still starting. */
  async kill(target: Target): Promise<void> {
    const pid = await waitFor(`a ${target} to kill`, backMsMax, () => this.#pidOf(target));
    this.#killed.add(pid);
    kill(pid);
    await waitFor(`the end of the ${target}`, backMsMax, () => !isRunning(pid));
  }

  /**
   * The broker as after a power cut before its first sync: it comes back and knows nothing.
   *
   * @param meanwhile the hub is away and the broker still there
   */
  async loseBrokerStore(meanwhile: () => Promise<void>): Promise<void> {
    const hub = this.#hub;
    if (hub === undefined) throw new Error("there is no hub");
    // Let go of first, so that it is not started again.
    this.#hub = undefined;
    kill(hub.pid);
    await hub.exited;
    await meanwhile();
    const broker = this.#pidOf("broker");
    if (broker === undefined) throw new Error("the broker did not outlive its hub");
    kill(broker);
    await waitFor("the end of the broker", backMsMax, () => !isRunning(broker));
    rmSync(join(this.hubData, "nats/jetstream"), { recursive: true, force: true });
    await this.startHub();
  }

  /** What the hub says about our gateway. */
  async row(): Promise<GatewayRow | undefined> {
    const rows = (await this.hubAnswer("/api/gateways")) as readonly GatewayRow[];
    return rows.find((row) => row.gateway === gatewayId);
  }

  async hubAnswer(path: string): Promise<unknown> {
    const facts = await this.#hub?.ready;
    return await answerOf(`${String(facts?.["console"])}${path}`);
  }

  /** Sends JSON to the hub's API, or asks it to delete something. */
  async hubAsk(method: "POST" | "DELETE", path: string, body?: unknown): Promise<Response> {
    const facts = await this.#hub?.ready;
    return await fetch(`${String(facts?.["console"])}${path}`, {
      method,
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined
        ? {}
        : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
  }

  /** What the gateway says about itself. */
  async gatewayAnswer(path: string): Promise<unknown> {
    return await answerOf(`http://127.0.0.1:${this.#hmiPort}${path}`);
  }

  /** First event of the HMI's live stream: values, devices and the link, as a person sees them. */
  async snapshot(): Promise<LiveSnapshot> {
    return await firstSnapshot(`http://127.0.0.1:${this.#hmiPort}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopGateway();
    // A hub that was killed leaves its children to its next start.
    if (this.#hub === undefined && this.#pidOf("database") !== undefined) await this.startHub();
    await this.#hub?.ready.catch(() => undefined);
    await this.stopHub();
    await this.device.vanish();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What an init system does for a program that ends: a moment later it runs again, whatever the reason was. */
  #startAgainWhenEnded(part: Part, start: () => Promise<void>): void {
    void part.exited
      .then(async ({ code, signal }) => {
        if (part !== this.#hub && part !== this.#gateway) return;
        if (!this.#killed.has(part.pid)) {
          this.endedByThemselves.push(`${part.name}: ${signal ?? `code ${String(code)}`}`);
        }
        await sleep(initPauseMs);
        if (part === this.#hub || part === this.#gateway) await start();
      })
      .catch(() => undefined);
  }

  #pidOf(target: Target): number | undefined {
    const { hubData } = this;
    switch (target) {
      case "gateway":
        return this.#gateway?.running === true ? this.#gateway.pid : undefined;
      case "runtime":
        return this.#gateway?.running === true ? childOf(this.#gateway.pid) : undefined;
      case "hub":
        return this.#hub?.running === true ? this.#hub.pid : undefined;
      case "broker":
        return recordedIn(join(hubData, "nats/nats-server.pid"), hubData);
      case "database":
        return recordedIn(join(hubData, "postgres/cluster/postmaster.pid"), hubData);
    }
  }

  #part(name: string, program: string, settings: string): Part {
    return new Part({
      name,
      program,
      args: ["--settings", settings],
      readyMsMax,
      onLine: (line) => {
        this.lines.push(`${name}: ${line}`);
        if (this.lines.length > 400) this.lines.shift();
      },
    });
  }

  #writeGatewaySettings(): string {
    const { commitEveryMs, keepRawHours, telling } = this.#options;
    const file = this.gatewaySettings;
    const devices = [this.device, ...(this.#options.moreDevices ?? [])];
    writeFileSync(
      file,
      stringify({
        gateway: { id: gatewayId, name: "Line 1" },
        ...(this.#broker === "" ? {} : { hub: this.road }),
        journal: {
          folder: "journal",
          commitEveryMs,
          ...(keepRawHours === undefined ? {} : { keepRawHours }),
        },
        hmi: { port: this.#hmiPort },
        ...(telling === undefined ? {} : { telling }),
        devices: devices.map((device) => deviceSettings(device, this.#options.everyMs)),
      }),
    );
    return file;
  }
}

/** How a counter device stands in a gateway's settings. */
export function deviceSettings(device: CounterDevice, everyMs: number): object {
  return {
    id: device.id,
    protocol: "modbus",
    connection: { framing: "tcp", host: "127.0.0.1", port: device.port, unit: 1 },
    tags: device.tags.map((id, index) => ({
      id,
      name: `Count ${index}`,
      address: `holding:${index * 2}`,
      type: "uint32",
      kind: "counter",
      unit: "1",
      every_ms: everyMs,
    })),
  };
}

async function answerOf(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return await answer.json();
}
