/** An address means the same node for ever, whatever the server does with its indices (field practice 25). */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DataType, Variant, type UAVariable } from "node-opcua";

import type { DriverSession, PointSettings, ResumePoint } from "../driver.ts";
import { LinkLost } from "../faults.ts";
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

async function firstValues(
  device: TestServer,
  folder: string,
  points: readonly PointSettings[],
): Promise<unknown[]> {
  const session = await opcuaDriver.open(
    testSettings(device.url),
    points,
    new TestContext(folder),
    never,
  );
  const reader = new TestReader(session);
  await until("all are said", () => reader.rows.length >= points.length);
  await reader.stop();
  await session.end(never);
  return points.map((_point, index) => reader.values(index)[0]);
}

test("a module that was added to the controller moves indices, and addresses by URI stay where they were", async () => {
  const before = await startTestServer();
  const after = await startTestServer({}, ["urn:added:module"]);
  try {
    for (const device of [before, after]) device.add("Level", DataType.Double, 17);
    // Where the tests' namespace stood before, the new module has a node of the same name.
    const index = before.namespace.index;
    const added = after.server.engine.addressSpace?.getNamespace("urn:added:module");
    assert.equal(added?.index, index);
    added.addVariable({
      organizedBy: after.folder,
      browseName: "Level",
      nodeId: "s=Level",
      dataType: DataType.Double,
      value: { dataType: DataType.Double, value: -1 },
    });
    const points = [
      point(before.address("Level")),
      point("path:/Objects/{urn:millwright:test}Machine/Level"),
      point(`ns=${index};s=Level`),
    ];
    await withStateFolder(async (folder) => {
      assert.deepEqual(await firstValues(before, folder, points), [17, 17, 17]);
      assert.deepEqual(
        await firstValues(after, folder, points),
        [17, 17, -1],
        "the control, an address by index, reads another node",
      );
    });
    const plan = opcuaDriver.plan(testSettings(after.url), points);
    assert.ok(plan.some(({ text }) => /1 addresses name a namespace by its index/.test(text)));
  } finally {
    await before.stop();
    await after.stop();
  }
});

describe("opcua with a server that changes under a conversation", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
    device.add("Level", DataType.Double, 1);
    device.add("Other", DataType.Double, 1);
  });
  after(() => device.stop());

  const points = (...names: string[]): PointSettings[] =>
    names.map((name) => point(device.address(name)));

  async function converse(
    folder: string,
    resume?: ResumePoint,
    names: readonly string[] = ["Level"],
  ): Promise<{ session: DriverSession; reader: TestReader; context: TestContext }> {
    const context = new TestContext(folder);
    const session = await opcuaDriver.open(
      testSettings(device.url),
      points(...names),
      context,
      never,
      resume,
    );
    const reader = new TestReader(session);
    await until("the subscription speaks", () => context.provenCount >= 3);
    return { session, reader, context };
  }

  async function untilLost(reader: TestReader, why: RegExp): Promise<void> {
    await until("the conversation is over", () => reader.failure !== undefined);
    assert.ok(reader.failure instanceof LinkLost);
    assert.match(String(reader.failure.cause), why);
  }

  test("another table of namespaces ends it, and the subscription that was made by the old one is not believed", () =>
    withStateFolder(async (folder) => {
      const first = await converse(folder);
      // The control: the same break without a change goes on with the subscription.
      await device.wire.cut();
      await until("the link is lost", () => first.reader.failure !== undefined);
      await first.session[Symbol.asyncDispose]();
      await device.wire.mend();
      const second = await converse(folder, first.session.resume);
      assert.match(second.context.noteText, /session reactivated/);

      device.server.engine.addressSpace?.registerNamespace("urn:added:while:running");
      await untilLost(second.reader, /namespaces have changed/);
      await second.session[Symbol.asyncDispose]();
      const third = await converse(folder, second.session.resume);
      assert.match(third.context.noteText, /subscription made anew/);
      assert.deepEqual(
        third.context.losses.map(({ reason }) => reason),
        ["link lost"],
      );
      await third.reader.stop();
      await third.session.end(never);
    }));

  test("another start time ends it: nothing that we left there exists any more", () =>
    withStateFolder(async (folder) => {
      const { session, reader } = await converse(folder);
      const variable = device.server.engine.addressSpace?.findNode("ns=0;i=2257") as UAVariable;
      const started = new Date(variable.readValue().value.value as Date);
      variable.bindVariable(
        {
          get: () =>
            new Variant({
              dataType: DataType.DateTime,
              value: new Date(started.getTime() + 60_000),
            }),
        },
        true,
      );
      await untilLost(reader, /started anew/);
      await session[Symbol.asyncDispose]();
    }));

  test("with other tags the subscription is made anew, and the old one is deleted in the server", () =>
    withStateFolder(async (folder) => {
      const { engine } = device.server;
      const first = await converse(folder);
      const count = engine.currentSubscriptionCount;
      await device.wire.cut();
      await until("the link is lost", () => first.reader.failure !== undefined);
      await first.session[Symbol.asyncDispose]();
      await device.wire.mend();
      assert.equal(engine.currentSubscriptionCount, count, "it was left alive");
      const second = await converse(folder, first.session.resume, ["Level", "Other"]);
      assert.match(second.context.noteText, /subscription made anew/);
      assert.equal(engine.currentSubscriptionCount, count, "it is not left beside the new one");
      await second.reader.stop();
      await second.session.end(never);
      assert.equal(engine.currentSubscriptionCount, count - 1);
    }));
});
