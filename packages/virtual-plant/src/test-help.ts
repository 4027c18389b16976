import modbus from "modbus-serial";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder for one test; the test removes it. */
export function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "virtual-plant-"));
}

/** Waits for a condition; rejects when it does not come within 30 s, which only a stuck machine needs. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never came true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// The library's types say where its class is: beneath the default export of a CommonJS module.
const Client: typeof modbus.default = modbus.default;
export type ModbusClient = InstanceType<typeof Client>;

/** A client of another make than our servers, for unit 1. */
export async function modbusClient(
  connect: (client: ModbusClient) => Promise<unknown>,
): Promise<ModbusClient> {
  const client = new Client();
  client.setTimeout(2_000);
  await connect(client);
  client.setID(1);
  return client;
}

export function closed(client: ModbusClient): Promise<void> {
  // Closing what the device has closed already is never answered by the library.
  if (!client.isOpen) return Promise.resolve();
  return new Promise((resolve) => {
    client.close(() => {
      resolve();
    });
  });
}
