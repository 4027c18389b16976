import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";

import { DataType } from "node-opcua";

import { TestDevice } from "./acquire/modbus/test-device.ts";
import { startTestBroker } from "./acquire/mqtt/test-broker.ts";
import { startTestServer } from "./acquire/opcua/test-server.ts";

test("the built program acquires over each protocol, keeps it, and ends cleanly", async (t) => {
  execFileSync(process.execPath, [join(import.meta.dirname, "build-program.ts")]);
  const folder = await mkdtemp(join(tmpdir(), "millwright-built-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const settings = join(folder, "gateway.yaml");
  // JSON is YAML.
  await writeFile(settings, JSON.stringify(await settingsWithADeviceOfEach(t)));

  const program = join(import.meta.dirname, "../dist/supervise/main.js");
  const gateway = spawn(process.execPath, [program, "--settings", settings], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => gateway.kill("SIGKILL"));
  const exited = once(gateway, "exit");
  const durable = new Set<unknown>();
  const said: string[] = [];
  for await (const line of createInterface({ input: gateway.stderr })) {
    said.push(line);
    assert.match(line, /^\{/, "nothing but lines of the log");
    const { event, device } = JSON.parse(line) as { event: string; device?: string };
    if (event === "edge.first-durable") durable.add(device);
    if (durable.size === 4) break;
  }
  assert.deepEqual(
    [...durable].toSorted(),
    ["broker", "gateway", "plc", "server"],
    said.join("\n"),
  );
  gateway.kill("SIGTERM");
  assert.deepEqual(await exited, [0, null]);
});

async function settingsWithADeviceOfEach(t: TestContext): Promise<object> {
  const modbus = await TestDevice.start("tcp");
  t.after(() => modbus.stop());
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  await broker.publish("plant/speed", "1480", { retain: true });
  const server = await startTestServer();
  t.after(() => server.stop());
  server.add("Speed", DataType.Double, 1_480);

  const tag = (id: string, address: string, type: string): object => ({ id, address, type });
  return {
    gateway: { id: "built", name: "Built" },
    journal: { folder: "journal" },
    hmi: { port: 0 },
    devices: [
      {
        id: "plc",
        protocol: "modbus",
        connection: { framing: "tcp", host: "127.0.0.1", port: modbus.port, unit: 1 },
        tags: [tag("plc/speed", "holding:1", "uint16")],
      },
      {
        id: "broker",
        protocol: "mqtt",
        connection: { url: broker.url },
        tags: [tag("broker/speed", "plant/speed", "float64")],
      },
      {
        id: "server",
        protocol: "opcua",
        connection: { url: server.url, security: "none-i-accept-plain-text" },
        tags: [tag("server/speed", server.address("Speed"), "float64")],
      },
    ],
  };
}
