/** A hub, a virtual plant and a gateway as processes of their own, joined as `make demo` joins them. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort } from "@millwright/kit";
import {
  Part,
  programs,
  trustPlant,
  writeLineSettings,
  type PlantEndpoints,
  type ReadyFacts,
} from "@millwright/launcher";

/** The first start makes a database and certificates, on a machine that may do other things as well. */
const readyMsMax = 300_000;

export interface RealLine extends AsyncDisposable {
  readonly hmi: string;
  readonly console: string;
  /** Kills supervisor and runtime with no time for a last word. */
  killGateway(): Promise<void>;
  /** Starts the gateway again on the same settings, journal and port. */
  startGateway(): Promise<void>;
  /** A second gateway over the same machines, without OPC UA. */
  startSecondGateway(): Promise<void>;
  /** Broker, database and hub are gone from then on. */
  stopHub(): Promise<void>;
}

export async function startRealLine(): Promise<RealLine> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-real-"));
  // A hub that root starts runs its database as another user, who has to pass.
  chmodSync(folder, 0o711);
  const parts: Part[] = [];
  const start = (name: string, program: string, args: readonly string[]): Part => {
    const part = new Part({ name, program, args, readyMsMax });
    parts.push(part);
    return part;
  };
  const end = async (): Promise<void> => {
    for (const part of parts.toReversed()) await part.stop();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const hubFolder = join(folder, "hub");
    mkdirSync(hubFolder);
    const hubSettings = join(hubFolder, "hub.yaml");
    writeFileSync(hubSettings, "releaseBelow: stored\ndataFolder: data\nhttp: { port: 0 }\n");
    const hub = start("hub", programs.hub, ["--settings", hubSettings]);
    const plant = start("plant", programs.plant, ["--data", join(folder, "plant")]);
    const [hubFacts, plantFacts] = await Promise.all([hub.ready, plant.ready]);
    const endpoints = plantFacts as ReadyFacts & PlantEndpoints;

    const settingsOf = async (number: number, machines: PlantEndpoints): Promise<string> =>
      writeLineSettings(
        {
          id: `line-${number}`,
          name: `Line ${number}`,
          site: `Brno / Machining / Line ${number}`,
          folder: join(folder, `line-${number}`),
          // Kept over a restart, so that an open page finds the gateway again.
          hmiPort: await freePort(),
          commitEveryMs: 100,
          hub: {
            url: String(hubFacts["broker"]),
            credentialsFile: String(hubFacts["gatewayCredentials"]),
          },
        },
        machines,
      );
    const settings = await settingsOf(1, endpoints);
    if (endpoints.opcua !== undefined) await trustPlant(settings, "pump-1", endpoints.opcua);

    let gateway = start("gateway", programs.gateway, ["--settings", settings]);
    const { hmi } = await gateway.ready;
    return {
      hmi: String(hmi),
      console: String(hubFacts["console"]),
      async killGateway() {
        const children = childrenOf(gateway.pid);
        gateway.send("SIGKILL");
        for (const pid of children) process.kill(pid, "SIGKILL");
        await gateway.exited;
      },
      async startGateway() {
        gateway = start("gateway", programs.gateway, ["--settings", settings]);
        await gateway.ready;
      },
      async startSecondGateway() {
        const { mqtt, modbusTcp, modbusRtu } = endpoints;
        const machines = {
          ...(mqtt === undefined ? {} : { mqtt }),
          ...(modbusTcp === undefined ? {} : { modbusTcp }),
          ...(modbusRtu === undefined ? {} : { modbusRtu }),
        };
        const second = await settingsOf(2, machines);
        await start("gateway 2", programs.gateway, ["--settings", second]).ready;
      },
      async stopHub() {
        await hub.stop();
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (failure) {
    await end();
    throw failure;
  }
}

/** Direct children, as Linux tells them. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((text) => text !== "")
    .map(Number);
}
