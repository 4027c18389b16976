import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import { DataType } from "node-opcua";

import type { DriverSession, ResumePoint } from "../driver.ts";
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

/**
 * What the device measures while nobody is connected; slower than its sampling of 50 ms, so that it sees each of them. In small
 * steps, because a machine that stands still does not sample either, and then does all at once what was due.
 */
async function measure(device: TestServer, name: string, values: readonly number[]): Promise<void> {
  for (const value of values) {
    device.set(name, value);
    for (let step = 0; step < 10; step++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await nextTurn();
    }
  }
}

const during = [101, 102, 103, 104, 105];

describe("opcua after a break", () => {
  let device: TestServer;
  before(async () => {
    device = await startTestServer();
  });
  after(() => device.stop());

  /** One conversation that saw 1 and 2 and lost its link; `during` was measured meanwhile, and the link is back. */
  async function brokenConversation(
    name: string,
    folder: string,
    settings = testSettings(device.url),
    settle = true,
  ): Promise<{ readonly session: DriverSession; readonly reader: TestReader }> {
    device.add(name, DataType.Double, 1);
    device.add(`${name}Constant`, DataType.Double, 77);
    const session = await opcuaDriver.open(
      settings,
      pointsOf(name),
      new TestContext(folder),
      never,
    );
    const reader = new TestReader(session, settle);
    await until("the subscription runs", () => reader.rows.length >= 2);
    device.set(name, 2);
    await until("a change is read", () => reader.values(0).includes(2));
    await device.wire.cut();
    await until("the link is lost", () => reader.failure !== undefined);
    assert.ok(reader.failure instanceof LinkLost);
    await measure(device, name, during);
    await device.wire.mend();
    return { session, reader };
  }

  function pointsOf(name: string): ReturnType<typeof point>[] {
    return [point(device.address(name)), point(device.address(`${name}Constant`))];
  }

  async function goOn(
    name: string,
    folder: string,
    resume: ResumePoint | undefined,
    expected: readonly number[],
    settings = testSettings(device.url),
    told: (context: TestContext) => boolean = () => true,
  ): Promise<{ readonly context: TestContext; readonly reader: TestReader }> {
    const context = new TestContext(folder);
    const session = await opcuaDriver.open(settings, pointsOf(name), context, never, resume);
    const reader = new TestReader(session);
    device.set(name, 900);
    await until("the value of now is read", () => reader.values(0).includes(900));
    await until("what was expected is read", () =>
      expected.every((value) => reader.values(0).includes(value)),
    );
    // A conversation that is ended asks the server for no history any more.
    await until("what was expected is told", () => told(context));
    await reader.stop();
    await session.end(never);
    return { context, reader };
  }

  test("the session is reactivated and nothing that was measured meanwhile is missing, or doubled", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Reactivated", folder);
      await session[Symbol.asyncDispose]();
      const { context, reader } = await goOn("Reactivated", folder, session.resume, during);
      assert.deepEqual(reader.values(0), [...during, 900]);
      assert.deepEqual(reader.values(1), [], "the constant one was known and did not change");
      assert.deepEqual(context.losses, []);
      assert.match(context.noteText, /session reactivated/);
    }));

  test("control: who ignores the resume point misses what was measured meanwhile", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Ignored", folder);
      await session[Symbol.asyncDispose]();
      const { reader } = await goOn("Ignored", folder, undefined, []);
      assert.deepEqual(
        reader.values(0).filter((value) => during.slice(0, -1).includes(Number(value))),
        [],
      );
    }));

  test("a new process goes on from the journal's resume point, and reads what did not change", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Restarted", folder);
      await session[Symbol.asyncDispose]();
      const resume = forgetful(session.resume);
      const { context, reader } = await goOn("Restarted", folder, resume, during);
      assert.deepEqual(reader.values(0), [...during, 900]);
      assert.deepEqual(reader.values(1), [77]);
      assert.deepEqual(context.losses, []);
      assert.match(context.noteText, /session reactivated/);
    }));

  test("a session that is gone is replaced, and the subscription taken over", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Transferred", folder);
      await session[Symbol.asyncDispose]();
      const resume = { ...session.resume, sessionToken: "ns=0;b=AAAAAAAAAAAAAAAAAAAAAA==" };
      const { context, reader } = await goOn("Transferred", folder, resume, during);
      assert.deepEqual(reader.values(0), [...during, 900]);
      assert.deepEqual(context.losses, []);
      assert.match(context.noteText, /taken over by a new session/);
    }));

  test("what was handed on and not settled comes again after a restart", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation(
        "Unsettled",
        folder,
        testSettings(device.url),
        false,
      );
      await session[Symbol.asyncDispose]();
      const resume = forgetful(session.resume);
      const { context, reader } = await goOn("Unsettled", folder, resume, [2, ...during]);
      // The 1 comes again, too, when it was the subscription that brought it, and not the first Read.
      const values = reader.values(0);
      assert.deepEqual(values.slice(values[0] === 1 ? 1 : 0), [2, ...during, 900]);
      assert.deepEqual(context.losses, []);
    }));

  test("a subscription that is gone is made anew, and the hole is in the ledger", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Lost", folder);
      await session[Symbol.asyncDispose]();
      const resume = { ...session.resume, sessionToken: "", subscriptionId: 4_000_000 };
      const { context, reader } = await goOn("Lost", folder, resume, []);
      assert.equal(reader.values(0)[0], during.at(-1), "the present state is read");
      assert.deepEqual(
        context.losses.map(({ point: index, reason }) => [index, reason]),
        [[-1, "link lost"]],
      );
      assert.match(context.noteText, /made anew/);
    }));

  test("a hole is filled from the device's own history, as late readings", () =>
    withStateFolder(async (folder) => {
      const settings = testSettings(device.url, { history: true });
      const variable = device.add("Historic", DataType.Double, 1);
      device.namespace.addressSpace.installHistoricalDataNode(variable);
      const constant = device.add("HistoricConstant", DataType.Double, 77);
      device.namespace.addressSpace.installHistoricalDataNode(constant);
      const first = await opcuaDriver.open(
        settings,
        pointsOf("Historic"),
        new TestContext(folder),
        never,
      );
      const firstReader = new TestReader(first);
      device.set("Historic", 2);
      await until("a change is read", () => firstReader.values(0).includes(2));
      await device.wire.cut();
      await until("the link is lost", () => firstReader.failure !== undefined);
      await first[Symbol.asyncDispose]();
      await measure(device, "Historic", during);
      await device.wire.mend();
      const resume = { ...first.resume, sessionToken: "", subscriptionId: 4_000_000 };
      const { context, reader } = await goOn("Historic", folder, resume, during, settings);
      const late = reader.rows.filter((row) => row.late && row.point === 0).map((row) => row.value);
      assert.deepEqual(late, during.slice(0, -1), "the last of them is the present state");
      assert.deepEqual(context.losses, []);
    }));

  test("a hole of which the server has no history is one entry for the device", () =>
    withStateFolder(async (folder) => {
      const settings = testSettings(device.url, { history: true });
      const { session } = await brokenConversation("Forgotten", folder, settings);
      await session[Symbol.asyncDispose]();
      const resume = { ...session.resume, sessionToken: "", subscriptionId: 4_000_000 };
      const isTold = ({ losses }: TestContext): boolean => losses.length > 0;
      const { context } = await goOn("Forgotten", folder, resume, [], settings, isTold);
      assert.deepEqual(
        context.losses.map(({ point: index, reason }) => [index, reason]),
        [[-1, "link lost"]],
      );
    }));

  test("messages that the server no longer has are a loss, and the rest comes", () =>
    withStateFolder(async (folder) => {
      const { session } = await brokenConversation("Acknowledged", folder);
      await session[Symbol.asyncDispose]();
      // As if the journal had lost its last commits: the server was told that it may forget them.
      const resume = { ...forgetful(session.resume), lastSequence: 0xffff_fffe };
      const { context } = await goOn("Acknowledged", folder, resume, during);
      assert.ok(
        context.losses.every((loss) => loss.reason === "link lost" && Number.isNaN(loss.count)),
      );
      assert.ok(context.losses.length > 0);
    }));

  test("a connection that is silent although nobody closed it is lost after two keep-alives", () =>
    withStateFolder(async (folder) => {
      device.add("Silent", DataType.Double, 1);
      const session = await opcuaDriver.open(
        testSettings(device.url, { requestTimeoutMs: 5_000 }),
        [point(device.address("Silent"))],
        new TestContext(folder),
        never,
      );
      const reader = new TestReader(session);
      await until("the subscription runs", () => reader.rows.length >= 1);
      device.wire.mute();
      await until("the link is lost", () => reader.failure !== undefined);
      assert.ok(reader.failure instanceof LinkLost);
      await session[Symbol.asyncDispose]();
      await device.wire.cut();
      await device.wire.mend();
    }));
});

/** The resume point as another process finds it: without what only this process remembers. */
function forgetful(resume: ResumePoint): ResumePoint {
  return { ...(JSON.parse(JSON.stringify(resume)) as ResumePoint), memory: "" };
}
