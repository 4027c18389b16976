import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { systemClock } from "@millwright/kit";
import { saysOverflow, status, type ValueType } from "@millwright/wire-contract";
import { DataType, StatusCodes, VariantArrayType } from "node-opcua";

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

describe("opcua without trouble", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
  });
  after(() => device.stop());

  test("the first values come by one read, and the subscription does not count them twice", () =>
    withStateFolder(async (folder) => {
      device.add("First", DataType.Double, 1.25);
      const context = new TestContext(folder);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [point(device.address("First"))],
        context,
        never,
      );
      const reader = new TestReader(session);
      await until("the subscription has spoken twice", () => context.provenCount >= 3);
      device.set("First", 2.5);
      await until("the change is read", () => reader.values(0).includes(2.5));
      assert.deepEqual(reader.values(0), [1.25, 2.5]);
      assert.equal(context.dueCount, 2);
      assert.equal(context.badgeText, "no encryption");
      await reader.stop();
      await session.end(never);
    }));

  test("a value that does not change is proven by every publish and keep-alive", () =>
    withStateFolder(async (folder) => {
      device.add("Constant", DataType.Double, 7);
      const context = new TestContext(folder);
      const session = await opcuaDriver.open(
        testSettings(device.url, { keepAliveMs: 100 }),
        [point(device.address("Constant"))],
        context,
        never,
      );
      const reader = new TestReader(session);
      await until("proofs go on", () => context.provenCount >= 5);
      assert.deepEqual(reader.values(0), [7]);
      await reader.stop();
      await session.end(never);
    }));

  test("every type arrives exactly, 64-bit integers to their last digit", () =>
    withStateFolder(async (folder) => {
      const cases: readonly [string, DataType, unknown, ValueType, unknown][] = [
        ["Bool", DataType.Boolean, true, "bool", 1],
        ["SByte", DataType.SByte, -128, "int8", -128],
        ["Byte", DataType.Byte, 255, "uint8", 255],
        ["Int16", DataType.Int16, -32_768, "int16", -32_768],
        ["UInt16", DataType.UInt16, 65_535, "uint16", 65_535],
        ["Int32", DataType.Int32, -2_147_483_648, "int32", -2_147_483_648],
        ["UInt32", DataType.UInt32, 4_294_967_295, "uint32", 4_294_967_295],
        ["Int64Min", DataType.Int64, [0x8000_0000, 0], "int64", -(2n ** 63n)],
        ["Int64Max", DataType.Int64, [0x7fff_ffff, 0xffff_ffff], "int64", 2n ** 63n - 1n],
        ["Int64One", DataType.Int64, [0xffff_ffff, 0xffff_ffff], "int64", -1n],
        ["UInt64Max", DataType.UInt64, [0xffff_ffff, 0xffff_ffff], "uint64", 2n ** 64n - 1n],
        ["Float", DataType.Float, 0.5, "float32", 0.5],
        ["Double", DataType.Double, 0.1, "float64", 0.1],
        ["Infinite", DataType.Double, -Infinity, "float64", -Infinity],
        ["Text", DataType.String, "Größe 🙂", "string", "Größe 🙂"],
        ["Localized", DataType.LocalizedText, { text: "Pumpe", locale: "de" }, "string", "Pumpe"],
        ["Bytes", DataType.ByteString, Buffer.from([1, 2, 255]), "bytes", Uint8Array.of(1, 2, 255)],
        ["Time", DataType.DateTime, new Date(1_700_000_000_123), "time", 1_700_000_000_123_000],
        ["Enum", DataType.Int32, 3, "enum", 3],
      ];
      for (const [name, dataType, value] of cases) device.add(`T${name}`, dataType, value);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        cases.map(([name, , , type]) => point(device.address(`T${name}`), type)),
        new TestContext(folder),
        never,
      );
      const reader = new TestReader(session);
      await until("all are read", () => reader.rows.length >= cases.length);
      for (const [index, [name, , , , expected]] of cases.entries()) {
        assert.deepEqual(reader.values(index), [expected], name);
        assert.equal(reader.rows[index]?.status, 0, name);
      }
      await reader.stop();
      await session.end(never);
    }));

  test("elements of arrays and matrices are points of their own, with one time", () =>
    withStateFolder(async (folder) => {
      device.add("List", DataType.Int32, 0, {
        valueRank: 1,
        value: { dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: [10, 20, 30] },
      });
      const address = device.address("List");
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [
          point(address, "int32", { path: "[0]" }),
          point(address, "int32", { path: "[2]" }),
          point(address, "int32", { path: "[3]" }),
        ],
        new TestContext(folder),
        never,
      );
      const reader = new TestReader(session);
      await until("all are read", () => reader.rows.length >= 3);
      assert.deepEqual(reader.values(0), [10]);
      assert.deepEqual(reader.values(1), [30]);
      assert.equal(reader.rows[2]?.status, status.badTypeMismatch, "there is no fourth element");
      assert.equal(reader.rows[0]?.measuredUs, reader.rows[1]?.measuredUs);
      await reader.stop();
      await session.end(never);
    }));

  test("an unknown node, an unknown namespace and a changed type are bad alone, with the reason", () =>
    withStateFolder(async (folder) => {
      device.add("Good", DataType.Double, 5);
      device.add("Changed", DataType.String, "no number");
      const context = new TestContext(folder);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [
          point(device.address("Good")),
          point(device.address("Missing")),
          point("nsu=urn:nobody;s=Missing"),
          point("path:/Objects/{urn:millwright:test}Nobody"),
          point(device.address("Changed")),
        ],
        context,
        never,
      );
      const reader = new TestReader(session);
      await until("all are said", () => reader.rows.length >= 5);
      device.set("Good", 6);
      await until("the good one runs", () => reader.values(0).includes(6));
      const codes = [0, 1, 2, 3, 4].map(
        (index) => reader.rows.find((row) => row.point === index)?.status,
      );
      assert.deepEqual(codes, [
        0,
        status.badNodeIdUnknown,
        status.badNodeIdUnknown,
        status.badNodeIdUnknown,
        status.badTypeMismatch,
      ]);
      assert.match(context.noteText, /1 of 5 tags hold another type.*String instead of float64/);
      assert.equal(reader.rows.length, 6, "each bad one is said once");
      await reader.stop();
      await session.end(never);
    }));

  test("a bad status of the device is kept whole", () =>
    withStateFolder(async (folder) => {
      const variable = device.add("Sensor", DataType.Double, 5);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [point(device.address("Sensor"))],
        new TestContext(folder),
        never,
      );
      const reader = new TestReader(session);
      await until("the value is read", () => reader.rows.length === 1);
      variable.setValueFromSource(
        { dataType: DataType.Double, value: 0 },
        StatusCodes.BadSensorFailure,
      );
      await until(
        "the fault is read",
        () => reader.rows.at(-1)?.status === status.badSensorFailure,
      );
      await reader.stop();
      await session.end(never);
    }));

  test("a slow reader leaves values in the device, and what its queue cannot hold is a loss at source", () =>
    withStateFolder(async (folder) => {
      device.add("Fast", DataType.Double, 0);
      const context = new TestContext(folder, 2);
      const session = await opcuaDriver.open(
        testSettings(device.url, { bridgeSeconds: 1 }),
        [point(device.address("Fast"))],
        context,
        never,
      );
      const reader = new TestReader(session);
      reader.pause();
      // Nobody pulls. A second at 50 ms fills the queue of 20; what comes after it pushes the oldest out.
      let written = 0;
      while (written < 40) {
        device.set("Fast", ++written);
        await systemClock.sleep(55, never);
      }
      reader.goOn();
      await until("the last value is read", () => reader.values(0).includes(written));
      assert.ok(reader.rows.some((row) => saysOverflow(row.status)));
      assert.deepEqual(
        context.losses.map(({ point: index, reason }) => [index, reason]),
        [[0, "lost at source"]],
      );
      assert.ok(reader.rows.length < written, "something was pushed out");
      await reader.stop();
      await session.end(never);
    }));

  test("a write is accepted in the type of the node, or refused in words", () =>
    withStateFolder(async (folder) => {
      device.add("Setpoint", DataType.Float, 1);
      device.add("Counter", DataType.UInt64, [0, 1]);
      device.add("Fixed", DataType.Double, 1, {
        accessLevel: "CurrentRead",
        userAccessLevel: "CurrentRead",
      });
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [
          point(device.address("Setpoint"), "float32"),
          point(device.address("Counter"), "uint64"),
          point(device.address("Fixed")),
          point(device.address("Absent")),
        ],
        new TestContext(folder),
        never,
      );
      assert.deepEqual(await session.write(0, 2.5, never), { kind: "accepted" });
      assert.equal(device.get("Setpoint"), 2.5);
      assert.deepEqual(await session.write(1, 2n ** 64n - 1n, never), { kind: "accepted" });
      assert.deepEqual(device.get("Counter"), [0xffff_ffff, 0xffff_ffff]);
      for (const [index, value, reason] of [
        [0, "fast", /cannot be written to a node of type Float/],
        [1, -1n, /cannot be written to a node of type UInt64/],
        [2, 3, /BadNotWritable|BadUserAccessDenied/],
        [3, 3, /BadNodeIdUnknown/],
      ] as const) {
        const outcome = await session.write(index, value, never);
        assert.ok(outcome.kind === "refused");
        assert.match(outcome.reason, reason);
      }
      await session.end(never);
    }));

  test("a dead-band that the server refuses is left out, and said", () =>
    withStateFolder(async (folder) => {
      device.add("Word", DataType.String, "on");
      device.add("Level", DataType.Double, 1);
      const context = new TestContext(folder);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [
          point(device.address("Word"), "string", { deadband: "1" }),
          point(device.address("Level"), "float64", { deadband: "10" }),
        ],
        context,
        never,
      );
      const reader = new TestReader(session);
      await until("it is said", () => /dead-band of 1 items/.test(context.noteText));
      device.set("Word", "off");
      device.set("Level", 5);
      await until("the tag runs", () => reader.values(0).includes("off"));
      device.set("Level", 50);
      await until("a large change comes", () => reader.values(1).includes(50));
      assert.ok(!reader.values(1).includes(5), "the other dead-band is kept");
      await reader.stop();
      await session.end(never);
    }));

  test("an event value counts each time, the same value twice too", () =>
    withStateFolder(async (folder) => {
      device.add("Code", DataType.String, "A");
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [point(device.address("Code"), "string", { trigger: "status-value-timestamp" })],
        new TestContext(folder),
        never,
      );
      const reader = new TestReader(session);
      await until("the first is read", () => reader.rows.length === 1);
      for (let count = 2; count <= 4; count++) {
        device.set("Code", "B", new Date(1_700_000_000_000 + count * 1_000));
        await until("it came", () => reader.rows.length === count);
      }
      assert.deepEqual(reader.values(0), ["A", "B", "B", "B"]);
      await reader.stop();
      await session.end(never);
    }));

  test("on change nothing is missed between two looks of the server; by looking now and then it is", async () => {
    // A server that says it may report as often as it likes does; others fold what changes within their own interval.
    const server = await startTestServer({ serverCapabilities: { minSupportedSampleRate: 0 } });
    try {
      await withStateFolder(async (folder) => {
        server.add("Fast", DataType.Int32, 0, { minimumSamplingInterval: 0 });
        const address = server.address("Fast");
        const session = await opcuaDriver.open(
          testSettings(server.url),
          [
            point(address, "int32", { sampling: "on-change", trigger: "status-value-timestamp" }),
            point(address, "int32", { sampling: "periodic", trigger: "status-value-timestamp" }),
          ],
          new TestContext(folder),
          never,
        );
        const reader = new TestReader(session);
        await until("the first values are read", () => reader.rows.length >= 2);
        // Those were asked for; what comes now is reported by the subscription, which is made after them.
        server.set("Fast", -1, new Date(1_699_999_999_000));
        await until("both are reported", () =>
          [0, 1].every((index) => reader.values(index).at(-1) === -1),
        );
        const before = [0, 1].map((index) => reader.values(index).length);
        const seen = (index: number): unknown[] => reader.values(index).slice(before[index]);
        const rows = Array.from({ length: 30 }, (_unused, at) => Math.floor(at / 2));
        for (const [at, row] of rows.entries()) {
          server.set("Fast", row, new Date(1_700_000_000_000 + at));
        }
        // The last value is written twice: who waits for it alone may have read the first of them.
        await until(
          "all of the one and the last of the other are read",
          () => seen(0).length >= rows.length && seen(1).at(-1) === 14,
        );
        assert.deepEqual(seen(0), rows);
        assert.ok(seen(1).length < rows.length, "the control misses some");
        await reader.stop();
        await session.end(never);
      });
    } finally {
      await server.stop();
    }
  });

  test("a planned end takes subscription and session back", () =>
    withStateFolder(async (folder) => {
      const before = device.server.engine.currentSessionCount;
      const { connections } = device.wire;
      device.add("Ended", DataType.Double, 1);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [point(device.address("Ended"))],
        new TestContext(folder),
        never,
      );
      assert.equal(device.server.engine.currentSessionCount, before + 1);
      await session.end(never);
      await until("the session is gone", () => device.server.engine.currentSessionCount === before);
      await until("the connection is gone", () => device.wire.connections === connections);
    }));

  test("a name that the server publishes and nobody can reach does not matter", () =>
    withStateFolder(async (folder) => {
      // Every test here goes through a proxy whose port no endpoint of the server names.
      const published = device.server.endpoints[0]
        ?.endpointDescriptions()
        .map((e) => e.endpointUrl);
      const { port } = new URL(device.url);
      assert.ok(published?.every((url) => url?.includes(`:${port}/`) === false));
      device.add("Reached", DataType.Double, 1);
      const session = await opcuaDriver.open(
        testSettings(device.url),
        [point(device.address("Reached"))],
        new TestContext(folder),
        never,
      );
      assert.ok(device.wire.connections > 0);
      await session.end(never);
    }));
});
