/** What a server makes of our wishes: used and shown as it is, and where it costs values, in the ledger. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { DataType, type ServerSession } from "node-opcua";

import { DeviceUnreachable } from "../faults.ts";
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

/** As much of a subscription in the server as these tests bend. */
interface ServerSubscription {
  publishingInterval: number;
  lifeTimeCount: number;
  maxKeepAliveCount: number;
  preCreateMonitoredItem(space: unknown, stamps: unknown, request: ItemRequest): unknown;
}
interface ItemRequest {
  readonly requestedParameters: { queueSize: number; samplingInterval: number };
}

describe("opcua with a server that grants less than was asked", () => {
  let device: TestServer;
  let made: ServerSubscription[] = [];
  /** What the next subscriptions of the server do differently. */
  let bend: (subscription: ServerSubscription) => void = () => undefined;
  before(async () => {
    device = await startTestServer();
    device.server.on("create_session", (session: ServerSession) => {
      session.on("new_subscription", (subscription: unknown) => {
        made.push(subscription as ServerSubscription);
        bend(subscription as ServerSubscription);
      });
    });
    device.add("Level", DataType.Double, 1);
  });
  afterEach(() => {
    bend = () => undefined;
    made = [];
  });
  after(() => device.stop());

  /** Runs a conversation until it is subscribed and hands over what was said of it. */
  async function said(
    folder: string,
    more: object = {},
    options: Readonly<Record<string, string>> = {},
  ): Promise<TestContext> {
    const context = new TestContext(folder);
    const session = await opcuaDriver.open(
      testSettings(device.url, more),
      [point(device.address("Level"), "float64", options)],
      context,
      never,
    );
    const reader = new TestReader(session);
    await until("the subscription speaks", () => context.provenCount >= 3);
    await reader.stop();
    await session.end(never);
    return context;
  }

  test("what was granted is always shown, also when it is what was asked", () =>
    withStateFolder(async (folder) => {
      const { noteText, losses } = await said(folder);
      assert.equal(
        noteText,
        "published every 50 ms, proven every 200 ms at least, kept for 10 min without us",
      );
      assert.deepEqual(losses, []);
    }));

  test("a slower publishing interval is obeyed, and the keep-alive is asked for anew in its counts", () =>
    withStateFolder(async (folder) => {
      bend = (subscription) => {
        subscription.publishingInterval = 250;
      };
      const { noteText } = await said(folder, { keepAliveMs: 1_000 });
      // Four of ours would have been 20 of 50 ms: 5 s between two proofs instead of one.
      assert.equal(made[0]?.maxKeepAliveCount, 4);
      assert.match(
        noteText,
        /^published every 250 ms \(50 ms were asked\), proven every 1 s at least,/,
      );
    }));

  test("a lifetime that is too short is asked for once more, and said when it stays so", () =>
    withStateFolder(async (folder) => {
      bend = (subscription) => {
        Object.defineProperty(subscription, "lifeTimeCount", {
          get: () => 600,
          set: () => undefined,
        });
      };
      const { noteText } = await said(folder);
      assert.match(noteText, /kept for 30 s without us \(10 min were asked\)/);
    }));

  test("a slower sampling is shown, and in the ledger with a count that nobody knows", () =>
    withStateFolder(async (folder) => {
      bend = (subscription) => {
        const create = subscription.preCreateMonitoredItem.bind(subscription);
        subscription.preCreateMonitoredItem = (space, stamps, request) => {
          request.requestedParameters.samplingInterval = 500;
          return create(space, stamps, request);
        };
      };
      const { noteText, losses } = await said(folder);
      assert.match(noteText, /samples 1 of 1 items slower than asked, the slowest every 500 ms/);
      assert.deepEqual(losses, [{ point: -1, count: NaN, reason: "sampled slower than asked" }]);
    }));

  test("a queue of one overwrites without a word, so the word is ours", () =>
    withStateFolder(async (folder) => {
      bend = (subscription) => {
        const create = subscription.preCreateMonitoredItem.bind(subscription);
        subscription.preCreateMonitoredItem = (space, stamps, request) => {
          request.requestedParameters.queueSize = 1;
          return create(space, stamps, request);
        };
      };
      const { noteText, losses } = await said(folder, { publishingMs: 200, keepAliveMs: 400 });
      assert.match(noteText, /grants queues of 1 values/);
      assert.match(noteText, /keeps only the last value of 1 items between two publishes/);
      assert.deepEqual(losses, [{ point: -1, count: NaN, reason: "lost at source" }]);
    }));

  test("a percent dead-band on a node without a range is left out, and said", () =>
    withStateFolder(async (folder) => {
      const { noteText } = await said(folder, {}, { deadband: "5", deadband_type: "percent" });
      assert.match(noteText, /refuses the dead-band of 1 items; they run without it/);
    }));

  test("what was granted is shown again by a conversation that goes on with the subscription", () =>
    withStateFolder(async (folder) => {
      bend = (subscription) => {
        subscription.publishingInterval = 250;
      };
      const points = [
        point(device.address("Level"), "float64", { deadband: "5", deadband_type: "percent" }),
      ];
      const settings = testSettings(device.url, { keepAliveMs: 1_000 });
      const first = new TestContext(folder);
      const session = await opcuaDriver.open(settings, points, first, never);
      const reader = new TestReader(session);
      await until("the subscription speaks", () => first.provenCount >= 3);
      await device.wire.cut();
      await until("the link is lost", () => reader.failure !== undefined);
      await session[Symbol.asyncDispose]();
      await device.wire.mend();
      const second = new TestContext(folder);
      const again = await opcuaDriver.open(settings, points, second, never, session.resume);
      assert.match(second.noteText, /session reactivated/);
      assert.ok(second.noteText.startsWith("after the last break"), second.noteText);
      assert.ok(second.noteText.includes(first.noteText), `${second.noteText} / ${first.noteText}`);
      await again.end(never);
    }));
});

describe("opcua with a small controller", () => {
  const tags = 30;

  async function withController(
    options: Parameters<typeof startTestServer>[0],
    body: (device: TestServer, folder: string) => Promise<void>,
  ): Promise<void> {
    const device = await startTestServer(options);
    try {
      for (let index = 0; index < tags; index++) device.add(`T${index}`, DataType.Double, index);
      await withStateFolder((folder) => body(device, folder));
    } finally {
      await device.stop();
    }
  }

  test("its limits on what one request may hold are kept", () =>
    withController(
      {
        serverCapabilities: {
          operationLimits: {
            maxNodesPerRead: 3,
            maxNodesPerBrowse: 2,
            maxMonitoredItemsPerCall: 3,
            maxNodesPerTranslateBrowsePathsToNodeIds: 4,
          },
        },
      },
      async (device, folder) => {
        const context = new TestContext(folder);
        const points = Array.from({ length: tags }, (_unused, index) =>
          point(
            index % 2 === 0
              ? device.address(`T${index}`)
              : `path:/Objects/{urn:millwright:test}Machine/T${index}`,
          ),
        );
        const session = await opcuaDriver.open(testSettings(device.url), points, context, never);
        const reader = new TestReader(session);
        await until("all are read", () => reader.rows.length >= tags);
        await until("the subscription speaks", () => context.provenCount >= 3);
        for (let index = 0; index < tags; index++) device.set(`T${index}`, 100 + index);
        await until("all changes are read", () => reader.rows.length >= 2 * tags);
        for (let index = 0; index < tags; index++) {
          assert.deepEqual(reader.values(index), [index, 100 + index]);
        }
        assert.deepEqual(context.losses, []);
        await reader.stop();
        await session.end(never);

        const offered: string[] = [];
        const found = opcuaDriver.browse?.(testSettings(device.url), context, 1_000, never) ?? [];
        for await (const one of found) offered.push(one.name);
        assert.equal(offered.filter((name) => /^T\d+$/.test(name)).length, tags);
      },
    ));

  test("with all of its sessions taken it says so in words, and our own place is found again", () =>
    withController({ serverCapabilities: { maxSessions: 1 } }, async (device, folder) => {
      const points = [point(device.address("T0"))];
      const settings = testSettings(device.url);
      const context = new TestContext(folder);
      const session = await opcuaDriver.open(settings, points, context, never);
      const reader = new TestReader(session);
      await until("the subscription speaks", () => context.provenCount >= 3);
      await assert.rejects(
        opcuaDriver.open(settings, points, new TestContext(folder), never),
        (failure: unknown) => {
          assert.ok(failure instanceof DeviceUnreachable, String(failure));
          assert.match(failure.hint, /no free session/);
          return true;
        },
      );
      await device.wire.cut();
      await until("the link is lost", () => reader.failure !== undefined);
      await session[Symbol.asyncDispose]();
      await device.wire.mend();
      const again = await opcuaDriver.open(
        settings,
        points,
        new TestContext(folder),
        never,
        session.resume,
      );
      assert.equal(device.server.engine.currentSessionCount, 1);
      await again.end(never);
      assert.equal(device.server.engine.currentSessionCount, 0);
    }));
});
