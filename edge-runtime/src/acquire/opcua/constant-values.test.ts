/** Constant is not stale (field practice 13): an hour of a subscription whose values never change, on a played clock. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { PlayedClock, seededRandom, silentLog, type Clock } from "@millwright/kit";
import { ValueTable } from "@millwright/live-feed";
import { viewValue } from "@millwright/ui-kit/freshness";
import type { TagDefinition } from "@millwright/wire-contract";

import { createNormaliser } from "../../normalise/normaliser.ts";
import { applyBatch } from "../../serve/current-values.ts";
import type { DeviceSettings } from "../../settings/load-device.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import type { DriverContext } from "../driver.ts";
import type { Channel } from "./channel.ts";
import { Conversation } from "./conversation.ts";
import { ItemLags } from "./item-lags.ts";
import { planItems, planPoint, type PointPlan } from "./items.ts";
import { loadLibrary } from "./library.ts";
import { Notes } from "./notes.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { opcuaSettings, type OpcuaSettings } from "./settings.ts";
import { planSubscription } from "./subscription-plan.ts";
import { withStateFolder } from "./test-client.ts";

const tags = 100;
const hourS = 3_600;
/** Timers of a server and the way to us: no keep-alive is ever early, and none is quite in time. */
const lateMs = 300;
const library = await loadLibrary(silentLog);

test("of 100 subscribed values that are constant for an hour none is ever stale", async () => {
  const hour = await playHour(() => undefined);
  assert.equal(hour.rows, tags, "each value came once, and never again");
  assert.deepEqual(hour.stale, []);
});

test("control: without the proof of keep-alives all of them are stale", async () => {
  const hour = await playHour((context) => ({ ...context, proven: () => undefined }));
  assert.equal(hour.stale.length, tags);
});

test("control: judged by the sampling period alone they blink between two keep-alives", async () => {
  const hour = await playHour(() => undefined, 100);
  assert.equal(hour.stale.length, tags);
});

/**
 * @param change what is taken from the driver's context
 * @param expectedMs instead of what the settings say of each tag
 * @returns the tags that were stale at any second, and the samples that came
 */
async function playHour(
  change: (context: DriverContext) => DriverContext | undefined,
  expectedMs?: number,
): Promise<{ readonly stale: readonly string[]; readonly rows: number }> {
  const clock = new PlayedClock();
  const device = await settingsOf(tags);
  const settings = opcuaSettings.parse(device.connection);
  const definitions = device.tags.map(({ tag }, index): TagDefinition => ({
    ...tag,
    index,
    revision: 1,
    ...(expectedMs === undefined ? {} : { expectedMs }),
  }));
  const table = new ValueTable(definitions);
  const normaliser = createNormaliser({
    device: device.id,
    tags: device.tags.map(({ point, tag }, index) => ({
      index,
      point: index,
      type: point.type,
      scale: tag.scale,
      offset: tag.offset,
      clock: tag.clock,
    })),
    clockPolicy: device.clockPolicy,
    clock,
    onLoss: (loss) => assert.fail(loss.reason),
    onClock: () => undefined,
  });
  const context: DriverContext = {
    device: device.id,
    clock,
    random: seededRandom("hour"),
    log: silentLog,
    queueMax: 1_000,
    stateFolder: "",
    due: () => undefined,
    lost: (_point, _count, reason) => assert.fail(reason),
    proven: (atUs, points) => {
      table.confirm(device.id, atUs, points);
    },
    note: () => undefined,
    badge: () => undefined,
  };
  const points = device.tags.map(({ point }) => understood(planPoint(point)));
  const items = planItems(points);
  const conversation = new Conversation({
    library,
    settings,
    context: change(context) ?? context,
    attached: {
      rung: "create",
      session: playServer(clock, settings),
      facts: factsAt(clock),
      subscription: { id: 1, ...planSubscription(settings) },
    },
    own: { validToUs: clock.nowUs() + 1e15 },
    points,
    items,
    nodeIds: items.map((_item, index) => library.resolveNodeId(`ns=1;i=${index}`)),
    fingerprint: "",
    lags: new ItemLags(items, settings.publishingMs),
    notes: new Notes(() => undefined),
    resume: undefined,
    memory: undefined,
    name: "hour",
  });
  await conversation.readPresent();
  const stop = new AbortController();
  let rows = 0;
  const reading = (async () => {
    for await (const batch of conversation.readings(stop.signal)) {
      rows += batch.count;
      applyBatch(table, normaliser.normalise(batch));
      await batch.settle?.();
    }
  })();
  // The first values are read before the played second ends.
  while (rows < tags) await clock.advance(0);

  const byId = new Map<string, TagDefinition>(definitions.map((tag) => [tag.id, tag]));
  const stale = new Set<string>();
  for (let second = 0; second < hourS; second++) {
    // Just before the next keep-alive the last proof is oldest.
    await clock.advance(999);
    for (const value of table.values([])) {
      const tag = byId.get(value.t);
      assert.ok(tag !== undefined);
      const confirmedUs = table.confirmed()[device.id] ?? 0;
      const view = viewValue(tag, value, { nowUs: clock.nowUs(), lost: false, confirmedUs });
      if (view.state !== "good") stale.add(tag.id);
    }
    await clock.advance(1);
  }
  stop.abort();
  await reading;
  await conversation[Symbol.asyncDispose]();
  return { stale: [...stale], rows };
}

/** As a person has it: the table of tags, and nothing said of periods of proof. */
async function settingsOf(count: number): Promise<DeviceSettings> {
  let device: DeviceSettings | undefined;
  await withStateFolder(async (folder) => {
    const file = join(folder, "gateway.yaml");
    const rows = Array.from(
      { length: count },
      (_unused, index) =>
        `      - { id: press/t${index}, address: "ns=1;i=${index}", type: float64 }`,
    );
    await writeFile(
      file,
      [
        "gateway: { id: g, name: G }",
        "journal: { folder: j }",
        "devices:",
        "  - id: press",
        "    protocol: opcua",
        "    connection: { url: opc.tcp://127.0.0.1:4840 }",
        "    everyMs: 100",
        "    tags:",
        ...rows,
        "",
      ].join("\n"),
    );
    device = loadSettings(file).devices.find(({ id }) => id === "press");
  });
  assert.ok(device !== undefined);
  return device;
}

function understood(plan: ReturnType<typeof planPoint>): PointPlan {
  assert.ok(!("kind" in plan));
  return plan;
}

function factsAt(clock: Clock): ServerFacts {
  const limits = {
    read: 1_000,
    write: 1_000,
    browse: 100,
    translate: 100,
    items: 1_000,
    history: 100,
  };
  return {
    namespaces: [],
    startTimeUs: clock.nowUs(),
    currentTimeUs: clock.nowUs(),
    serviceLevel: 255,
    limits,
  };
}

/** A server whose values never change: after the first it says nothing but that it lives (OPC 10000-4, 5.14.1.2). */
function playServer(clock: Clock, settings: OpcuaSettings): Session {
  const { publishingMs, keepAliveCount } = planSubscription(settings);
  const never = new AbortController().signal;
  let turn = Promise.resolve();
  const value = () => ({
    value: { dataType: library.DataType.Double, value: 7 },
    sourceTimestamp: new Date(clock.nowUs() / 1_000),
  });
  const answer = async (request: unknown): Promise<unknown> => {
    if (request instanceof library.ReadRequest) {
      return new library.ReadResponse({ results: (request.nodesToRead ?? []).map(value) });
    }
    if (request instanceof library.CreateMonitoredItemsRequest) {
      return new library.CreateMonitoredItemsResponse({
        results: (request.itemsToCreate ?? []).map(({ requestedParameters: asked }) => ({
          revisedSamplingInterval: asked.samplingInterval,
          revisedQueueSize: asked.queueSize,
        })),
      });
    }
    assert.ok(request instanceof library.PublishRequest);
    // Requests wait in the server's queue; each keep-alive takes one of them.
    turn = turn.then(() => clock.sleep(publishingMs * keepAliveCount + lateMs, never));
    await turn;
    return new library.PublishResponse({
      subscriptionId: 1,
      notificationMessage: { sequenceNumber: 1, publishTime: new Date(clock.nowUs() / 1_000) },
    });
  };
  const channel: Channel = {
    lost: undefined,
    call: () => Promise.reject(new Error("not used")),
    onLost: () => undefined,
    close: () => Promise.resolve(),
    drop: () => undefined,
  };
  return {
    channel,
    ticket: { token: "", nonce: "" },
    async call(request, kind) {
      const said = await answer(request);
      assert.ok(said instanceof kind);
      return said;
    },
    end: () => Promise.resolve(),
  };
}
