import { join } from "node:path";

import type { Bench, Figure, Figures } from "./bench.ts";
import { startGateway, startVirtualPlant, trustServer, type PlantFacts } from "./gateway.ts";

/** How long a gateway that was switched on has nothing of the plant on its disk. */
export const bench: Bench = {
  name: "start",
  about:
    "from the spawn of the supervisor to the first commit that holds a value of the device, with the default settings; the journal is there from the day before",
  async open(context) {
    const plant = await startVirtualPlant(context, ["--protocols", "opcua,modbus-tcp"]);
    const folders = {
      modbus: join(context.folder, "gateway-modbus"),
      opcua: join(context.folder, "gateway-opcua"),
    };
    trustServer(folders.opcua, "pump-1", plant.facts.opcua?.pki ?? "");
    const measure = async (): Promise<Figures> => ({
      first_durable_ms: {
        ...(await startOnce(folders.modbus, "press-1", modbusDevice(plant.facts))),
        note: "Modbus TCP, 29 tags",
      },
      first_durable_ms_opcua: {
        ...(await startOnce(folders.opcua, "pump-1", opcuaDevice(plant.facts), ownAlarms)),
        note: "OPC UA, Basic256Sha256, signed and encrypted, 39 tags; the pump's own alarms come in as well",
      },
    });
    // The very first start makes a key and a certificate, and warms the disk's cache.
    await measure();
    return {
      measure,
      async [Symbol.asyncDispose]() {
        await plant.part.stop();
      },
    };
  },
};

/** First values wait for nothing that these need. */
const ownAlarms = {
  alarms: {
    classes: { machine: { action: "Look at the panel of the pump." } },
    machines: [{ device: "pump-1", class: "machine" }],
  },
};

async function startOnce(
  folder: string,
  id: string,
  device: object,
  more: { readonly alarms?: object } = {},
): Promise<Figure> {
  const gateway = await startGateway(folder, { devices: [{ id, ...device }], ...more });
  const atMs = await gateway.firstDurable(id);
  await gateway.part.stop();
  return { value: atMs - gateway.spawnedMs, unit: "ms" };
}

function modbusDevice({ modbusTcp, tables }: PlantFacts): object {
  const { host, port } = modbusTcp ?? {};
  return {
    protocol: "modbus",
    connection: { framing: "tcp", host, port, unit: 1 },
    tags: tables["press-1"],
  };
}

function opcuaDevice({ opcua, tables }: PlantFacts): object {
  return { protocol: "opcua", connection: { url: opcua?.url }, tags: tables["pump-1"] };
}
