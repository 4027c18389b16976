import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DataType } from "node-opcua";

import type { DriverSession, ReadingBatch } from "../driver.ts";
import { opcuaDriver } from "./opcua-driver.ts";
import {
  point,
  TestContext,
  TestReader,
  testSettings,
  until,
  withStateFolder,
} from "./test-client.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const never = new AbortController().signal;
const earlierMs = Date.UTC(2026, 0, 1);
const [history, plain] = [0, 1];

describe("opcua, the device's own history on order", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
    const variable = device.add("Kept", DataType.Double, 0);
    // The test server keeps values in the order of their times.
    device.set("Kept", -1, new Date(earlierMs - 1_000));
    device.namespace.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 5_000 });
    device.add("Plain", DataType.Double, 0);
    // More than a server hands out at once, and more than one request of ours asks for.
    for (let second = 0; second < 2_500; second++) {
      device.set("Kept", second, new Date(earlierMs + second * 1_000));
    }
  });
  after(() => device.stop());

  async function converse(
    body: (session: DriverSession, context: TestContext, reader: TestReader) => Promise<void>,
  ): Promise<void> {
    await withStateFolder(async (folder) => {
      const context = new TestContext(folder);
      const points = [point(device.address("Kept")), point(device.address("Plain"))];
      const session = await opcuaDriver.open(testSettings(device.url), points, context, never);
      const reader = new TestReader(session);
      await until("it is known who keeps a history", () => session.historyPoints?.length === 1);
      await body(session, context, reader);
      await reader.stop();
      await session.end(never);
    });
  }

  const range = (fromS: number, toS: number): { fromUs: number; toUs: number } => ({
    fromUs: (earlierMs + fromS * 1_000) * 1_000,
    toUs: (earlierMs + toS * 1_000) * 1_000,
  });

  test("a range is read whole, its beginning with it and its end not, and beside what happens now", () =>
    converse(async (session, context, reader) => {
      assert.deepEqual(session.historyPoints, [history], "the other node may not be read so");
      const due = context.dueCount;
      const batches: ReadingBatch[] = [];
      const unread = await session.readHistory?.(
        { points: [history, plain], ...range(100, 2_400) },
        (batch) => Promise.resolve(void batches.push(batch)),
        never,
      );
      assert.deepEqual(unread, [plain]);
      assert(batches.every(({ late }) => late === true));
      const values = batches.flatMap(({ value }) => [...value]);
      assert.deepEqual(
        values,
        Array.from({ length: 2_300 }, (_value, at) => 100 + at),
      );
      assert.equal(batches[0]?.measuredUs[0], range(100, 0).fromUs);
      assert.equal(context.dueCount, due, "what is read again is not due again");
      assert(
        reader.rows.every(({ late }) => !late),
        "it does not pass through the queue of now",
      );
      assert.deepEqual(context.losses, []);
    }));

  test("who is told to stop reads no further, and the conversation goes on", () =>
    converse(async (session, _context, reader) => {
      const stop = new AbortController();
      const reading = session.readHistory?.(
        { points: [history], ...range(0, 2_500) },
        () => {
          stop.abort(new Error("the order was taken back"));
          return Promise.resolve();
        },
        stop.signal,
      );
      assert(reading !== undefined);
      await assert.rejects(reading, /taken back/);
      device.set("Plain", 5);
      await until("a change is read", () => reader.values(plain).includes(5));
    }));
});
