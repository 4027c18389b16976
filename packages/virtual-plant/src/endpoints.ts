import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControlServer } from "./control/control-server.ts";
import type { Machine } from "./machine.ts";
import { sparkplugGroup } from "./mqtt/sparkplug-node.ts";
import { namespaceUri, resourcePath } from "./opcua/names.ts";
import type { Settled } from "./options.ts";
import type { Replay } from "./replay/replay.ts";
import { topicPrefix, type Servers, type UnitNumbers } from "./servers.ts";
import { tagTable, type TableProtocol } from "./tables/tag-table.ts";

/** Where the machines can be reached; a part is absent when its server does not run. */
export interface PlantEndpoints {
  readonly opcua?: {
    readonly url: string;
    readonly namespace: string;
    readonly machines: readonly string[];
    /** The server's certificates and trust lists. */
    readonly pki: string;
  };
  readonly modbusTcp?: {
    readonly host: string;
    readonly port: number;
    readonly units: UnitNumbers;
  };
  readonly rtuOverTcp?: {
    readonly host: string;
    readonly port: number;
    readonly units: UnitNumbers;
  };
  readonly modbusRtu?: {
    readonly path: string;
    readonly baudRate: number;
    readonly units: UnitNumbers;
  };
  readonly mqtt?: {
    readonly url: string;
    readonly broker: "mosquitto" | "embedded";
    readonly prefix: string;
    readonly sparkplugGroup: string;
  };
  readonly control?: { readonly url: string };
  readonly replay?: {
    readonly machine: string;
    readonly over: "opcua" | "modbus";
    readonly tags: string;
    readonly labels: string;
    readonly played: string;
  };
  /** Tag tables of all machines of this run, by machine; `spindle-1` in plain JSON. */
  readonly tables: Readonly<Record<string, string>>;
}

/** Says where everything is, and writes the tag tables that only this run knows. */
export async function endpointsOf(
  servers: Servers,
  machines: readonly Machine[],
  control: ControlServer | undefined,
  replay: Replay | undefined,
  { host, dataFolder, replay: asked }: Settled,
): Promise<PlantEndpoints> {
  const { opcua, modbusTcp, rtuOverTcp, modbusRtu, broker } = servers;
  const tables: Record<string, string> = {};
  for (const machine of machines) {
    const protocol = protocolOf(machine, asked?.over ?? "opcua");
    const folder = join(dataFolder, "tables");
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${machine.id}.csv`);
    await writeFile(file, tagTable(machine, protocol));
    tables[machine.id] = file;
  }
  return {
    tables,
    ...(opcua && {
      opcua: {
        url: `opc.tcp://${host}:${opcua.cable.port}${resourcePath}`,
        namespace: namespaceUri,
        machines: opcua.machines,
        pki: join(dataFolder, "opcua", "pki"),
      },
    }),
    ...(modbusTcp && { modbusTcp: { host, port: modbusTcp.server.port, units: modbusTcp.units } }),
    ...(rtuOverTcp && {
      rtuOverTcp: { host, port: rtuOverTcp.server.port, units: rtuOverTcp.units },
    }),
    // A pseudo-terminal has no baud rate; a client must name one all the same.
    ...(modbusRtu && {
      modbusRtu: { path: modbusRtu.line.path, baudRate: 19_200, units: modbusRtu.units },
    }),
    ...(broker && {
      mqtt: {
        url: `mqtt://${host}:${broker.port}`,
        broker: broker.kind,
        prefix: topicPrefix,
        sparkplugGroup,
      },
    }),
    ...(control && { control: { url: control.url } }),
    ...(replay &&
      asked && {
        replay: {
          machine: replay.machine.id,
          over: asked.over,
          tags: tables[replay.machine.id] ?? "",
          labels: replay.labelsFile,
          played: replay.playedFile,
        },
      }),
  };
}

function protocolOf(machine: Machine, over: "opcua" | "modbus"): TableProtocol {
  switch (machine.kind) {
    case "replay":
      return over;
    case "bulk":
      return machine.id === "bulk-opcua" ? "opcua" : "modbus";
    case "pump":
      return "opcua";
    case "spindle":
      return "mqtt";
    case "press":
    case "oven":
      return "modbus";
  }
}
