import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { DataType } from "node-opcua";

import { describeDriver } from "../driver-contract.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { point, testSettings } from "./test-client.ts";
import { startTestServer } from "./test-server.ts";

const stateFolder = await mkdtemp(join(tmpdir(), "millwright-opcua-"));
after(() => rm(stateFolder, { recursive: true, force: true }));

describeDriver("opcua", {
  driver: {
    ...opcuaDriver,
    open: (settings, points, context, signal, resume) =>
      opcuaDriver.open(settings, points, { ...context, stateFolder }, signal, resume),
  },
  async start() {
    const device = await startTestServer();
    device.add("First", DataType.Double, 0);
    device.add("Second", DataType.Double, 0);
    const names = ["First", "Second"];
    const nameOf = (index: number): string => names[index] ?? "";
    return {
      settings: testSettings(device.url, { requestTimeoutMs: 5_000 }),
      points: names.map((name) => point(device.address(name))),
      absentPoint: point(device.address("Absent")),
      nonsenseAddress: "First",
      writable: 1,
      set: (index, value) => {
        device.set(nameOf(index), value);
      },
      get: (index) => Number(device.get(nameOf(index))),
      loseNextReply: () => {
        device.loseNextReply();
      },
      cut: () => device.cut(),
      mend: () => device.mend(),
      conversations: () => device.connections,
      stop: () => device.stop(),
    };
  },
});
