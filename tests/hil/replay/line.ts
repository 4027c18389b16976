/** The virtual plant that plays, a gateway beside it, and what both say while they run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  Part,
  programs,
  trustPlant,
  type PlantEndpoints,
  type ReadyFacts,
} from "@millwright/launcher";
import type { HubLink, LiveSnapshot } from "@millwright/wire-contract";
import { stringify } from "yaml";

import { waitFor } from "../wait-for.ts";
import { firstSnapshot } from "../live-snapshot.ts";
import { keyOf } from "./compare.ts";

interface LineOptions {
  readonly over: "opcua" | "modbus";
  readonly recordings: string;
  readonly type: "float32" | "float64";
  /** So many rows of each file at most. */
  readonly rowsMax: number;
  /** A folder of its own for everything of this line. */
  readonly folder: string;
  readonly hub: { readonly url: string; readonly credentialsFile: string };
  readonly onLine: (line: string) => void;
}

interface Progress {
  readonly rows: number;
  readonly played: number;
  readonly ended: boolean;
}

type Endpoints = PlantEndpoints & {
  readonly replay: { readonly played: string; readonly tags: string };
  readonly control: { readonly url: string };
};

/** A hundred rows a second and more, each of them seen: see the README. */
const speed = 200;
/** The shortest interval that a gateway's settings know. */
const pollMs = 10;
/** Certificates are made at the first start. */
const readyMsMax = 90_000;
const liveMsMax = 60_000;
/** A player that does not move for so long will not move any more. */
const stillMsMax = 60_000;
const device = "replay";

export class Line implements AsyncDisposable {
  readonly gateway: string;
  readonly #options: LineOptions;
  readonly #plant: Part;
  #gateway: Part | undefined;
  #endpoints: Endpoints | undefined;
  #hmi = "";

  /** Starts the plant; it plays nothing yet. */
  constructor(options: LineOptions) {
    this.#options = options;
    this.gateway = `replay-${options.over}`;
    const { over, recordings, type, rowsMax, folder } = options;
    this.#plant = this.#part("plant", programs.plant, [
      ...["--data", join(folder, "plant"), "--machines", "0"],
      ...["--protocols", over === "opcua" ? "opcua" : "modbus-tcp"],
      ...["--replay", recordings, "--replay-over", over, "--replay-type", type],
      ...(over === "opcua" ? ["--replay-speed", String(speed)] : ["--replay-pace", "read"]),
      ...(Number.isFinite(rowsMax) ? ["--replay-rows", String(rowsMax)] : []),
      ...["--replay-once", "--replay-wait"],
    ]);
  }

  /** Resolves when the gateway hears the machine, which is still silent. */
  async start(): Promise<void> {
    const endpoints = (await this.#plant.ready) as ReadyFacts & Endpoints;
    this.#endpoints = endpoints;
    const settings = this.#writeSettings(endpoints);
    if (endpoints.opcua !== undefined) await trustPlant(settings, device, endpoints.opcua);
    this.#gateway = this.#part("gateway", programs.gateway, ["--settings", settings]);
    this.#hmi = String((await this.#gateway.ready)["hmi"]);
    await waitFor(`${this.gateway} to hear its machine`, liveMsMax, async () => {
      const { devices, values } = await this.#snapshot();
      const live = devices.some((each) => each.device === device && each.state === "live");
      return live && values.some(({ t, v }) => t === "replay-1/row" && v !== null);
    });
  }

  /** Plays to the end. @returns when the last row has reached the gateway */
  async play(onProgress: (progress: Progress) => void): Promise<void> {
    const url = `${this.#endpoints?.control.url ?? ""}/replay`;
    const begun = await fetch(url, { method: "POST" });
    if (!begun.ok) throw new Error(`the player said ${begun.status}`);
    for (let ended = false, before = -1; !ended;) {
      const progress = await waitFor(`${this.gateway} to play on`, stillMsMax, async () => {
        const now = (await (await fetch(url)).json()) as Progress;
        return now.ended || now.played > before ? now : undefined;
      });
      ended = progress.ended;
      before = progress.played;
      onProgress(progress);
    }
    const last = readFileSync(this.#endpoints?.replay.played ?? "", "utf8")
      .trim()
      .split("\n")
      .at(-1);
    const [, lastFile = "", lastRow = ""] = last?.split(",") ?? [];
    await waitFor(`the last row to reach ${this.gateway}`, liveMsMax, async () => {
      const { values } = await this.#snapshot();
      const now = (name: string): unknown => values.find(({ t }) => t === `replay-1/${name}`)?.v;
      // Over Modbus the machine names no file any more; over OPC UA it keeps its last row.
      return this.#options.over === "modbus"
        ? now("file") === ""
        : now("file") === lastFile && now("row") === Number(lastRow);
    });
  }

  /** Ends the machine; resolves when the gateway has nothing left to tell. */
  async rest(): Promise<void> {
    await this.#plant.stop();
    await waitFor(`${this.gateway} to tell everything`, liveMsMax, async () => {
      const { hub, devices } = await this.#snapshot();
      const noticed = devices.some((each) => each.device === device && each.state !== "live");
      if (noticed && isAtRest(hub)) return true;
      throw new Error(`${hub.state}, ${hub.waitingFrames} frames wait, end noticed: ${noticed}`);
    });
  }

  /** When each row was played by the device's clock, µs, by file and row. */
  playedUs(): ReadonlyMap<string, number> {
    const [, ...lines] = readFileSync(this.#endpoints?.replay.played ?? "", "utf8")
      .trim()
      .split("\n");
    return new Map(
      lines.map((line) => {
        const [us = "", file = "", row = ""] = line.split(",");
        return [keyOf(file, Number(row)), Number(us)];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.stop();
    await this.#plant.stop();
  }

  async #snapshot(): Promise<LiveSnapshot> {
    return await firstSnapshot(this.#hmi);
  }

  #part(name: string, program: string, args: readonly string[]): Part {
    const { over, onLine } = this.#options;
    return new Part({
      name: `${name} ${over}`,
      program,
      args,
      readyMsMax,
      onLine: (line) => {
        onLine(`${name} ${over}: ${line}`);
      },
    });
  }

  #writeSettings(endpoints: Endpoints): string {
    const { folder, hub } = this.#options;
    const own = join(folder, "gateway");
    mkdirSync(own, { recursive: true });
    const connection =
      endpoints.opcua === undefined
        ? {
            ...{ framing: "tcp", host: endpoints.modbusTcp?.host, port: endpoints.modbusTcp?.port },
            // An answer that is given up is a row that was handed out and not taken.
            ...{ unit: 1, timeoutMs: 60_000 },
          }
        : { url: endpoints.opcua.url, publishingMs: 100 };
    const file = join(own, "gateway.yaml");
    const settings = {
      gateway: { id: this.gateway, name: this.gateway },
      hub,
      journal: { folder: "journal", commitEveryMs: 100 },
      hmi: { port: 0 },
      devices: [
        {
          ...{ id: device, protocol: endpoints.opcua === undefined ? "modbus" : "opcua" },
          ...{ connection, everyMs: pollMs, tags: endpoints.replay.tags },
        },
      ],
    };
    writeFileSync(file, stringify(settings));
    return file;
  }
}

function isAtRest({ state, waitingFrames }: HubLink): boolean {
  return state === "in sync" && waitingFrames === 0;
}
