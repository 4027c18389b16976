import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { DataType, type ServerSession } from "node-opcua";

import { describeDriver } from "../driver-contract.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import { point, testSettings } from "./test-client.ts";
import { startTestServer } from "./test-server.ts";

const stateFolder = await mkdtemp(join(tmpdir(), "millwright-opcua-"));
// A server takes a second to start; every test has nodes and a wire of its own.
const server = await startTestServer();
after(async () => {
  await server.stop();
  await rm(stateFolder, { recursive: true, force: true });
});
let devices = 0;

/** Messages that were acknowledged: what the server has been told that it may forget (field practice 24). */
let acknowledged = 0;
interface ServerSubscription {
  acknowledgeNotification(seq: number): unknown;
}
server.server.on("create_session", (session: ServerSession) => {
  session.on("new_subscription", (made: unknown) => {
    const subscription = made as ServerSubscription;
    const acknowledge = subscription.acknowledgeNotification.bind(subscription);
    subscription.acknowledgeNotification = (seq) => {
      acknowledged++;
      return acknowledge(seq);
    };
  });
});

describeDriver("opcua", {
  driver: {
    ...opcuaDriver,
    open: (settings, points, context, signal, resume) =>
      opcuaDriver.open(settings, points, { ...context, stateFolder }, signal, resume),
  },
  async start() {
    const wire = await server.startWire();
    const names = [`First${++devices}`, `Second${devices}`];
    for (const name of names) server.add(name, DataType.Double, 0);
    const nameOf = (index: number): string => names[index] ?? "";
    // A device that measures: the same value with a new time is a reading for who asks for each of them.
    const measuring = setInterval(() => {
      for (const name of names) server.set(name, server.get(name));
    }, 55);
    return {
      // An answer is lost in one of the tests, and waited for so long.
      settings: testSettings(wire.url, { requestTimeoutMs: 5_000 }),
      points: names.map((name) =>
        point(server.address(name), "float64", { trigger: "status-value-timestamp" }),
      ),
      absentPoint: point(server.address("Absent")),
      nonsenseAddress: "First",
      writable: 1,
      set: (index, value) => {
        server.set(nameOf(index), value);
      },
      get: (index) => Number(server.get(nameOf(index))),
      loseNextReply: () => {
        clearInterval(measuring);
        server.loseNextReply(wire);
      },
      cut: () => wire.cut(),
      mend: () => wire.mend(),
      conversations: () => wire.connections,
      settled: () => acknowledged,
      async stop() {
        clearInterval(measuring);
        await wire.stop();
      },
    };
  },
});
