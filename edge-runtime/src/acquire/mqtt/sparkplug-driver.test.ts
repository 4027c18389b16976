import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog, systemClock, type Clock } from "@millwright/kit";
import {
  dataTypes,
  decodePayload,
  encodePayload,
  toMetricValue,
  type DataType,
  type PropertyValue,
  type SparkplugMetric as Metric,
  type SparkplugPayload,
} from "@millwright/sparkplug-b";
import { status, type LossReason, type Scalar, type ValueType } from "@millwright/wire-contract";
import fc from "fast-check";

import { describeDriver } from "../driver-contract.ts";
import type { RigDevice } from "../driver-rig.ts";
import type { DriverContext, DriverSession, PointSettings } from "../driver.ts";
import { RebirthPacer } from "./rebirth-pacer.ts";
import { createSparkplugDriver, type SparkplugSettings } from "./sparkplug-driver.ts";
import { loadSparkplugCodec, metricValue } from "./sparkplug-payload.ts";
import { startTestBroker, type TestBroker } from "./test-broker.ts";

/** The data type and the value of a metric; null has none. */
function typed(type: DataType, value: number | bigint | string | boolean | null): Metric {
  const datatype = dataTypes[type];
  return value === null
    ? { datatype, isNull: true }
    : { datatype, value: toMetricValue(type, value) };
}

function property(key: string, value: PropertyValue): ReadonlyMap<string, PropertyValue> {
  return new Map([[key, value]]);
}

const never = new AbortController().signal;
const driver = createSparkplugDriver(new RebirthPacer());

function settingsFor(broker: TestBroker, more: Partial<SparkplugSettings> = {}): SparkplugSettings {
  return driver.settings.parse({
    url: broker.url,
    clientId: "gw-1",
    rebirthEverySeconds: 1,
    reorderWaitMs: 200,
    browseSeconds: 5,
    ...more,
  });
}

function point(address: string, type: ValueType = "float64"): PointSettings {
  return { tag: address, address, type, everyMs: 100, options: {} };
}

/** A node that publishes what it is told, with the numbers it is told. */
class TestNode {
  readonly #broker: TestBroker;
  seq = 0;
  bdSeq = 0;

  constructor(broker: TestBroker) {
    this.#broker = broker;
  }

  birth(metrics: readonly Metric[] = []): Promise<void> {
    this.seq = 0;
    const bdSeq: Metric = { name: "bdSeq", ...typed("UInt64", this.bdSeq) };
    return this.#send("NBIRTH", { seq: 0, metrics: [bdSeq, ...metrics] });
  }
  deviceBirth(device: string, metrics: readonly Metric[]): Promise<void> {
    return this.#send("DBIRTH", { seq: ++this.seq & 255, metrics: [...metrics] }, device);
  }
  data(device: string, metrics: readonly Metric[]): Promise<void> {
    return this.#send("DDATA", { seq: ++this.seq & 255, metrics: [...metrics] }, device);
  }
  /** Data as of a node that leaves out what the specification asks for. */
  unnumbered(device: string, metrics: readonly Metric[]): Promise<void> {
    return this.#send("DDATA", { metrics }, device);
  }
  death(bdSeq = this.bdSeq): Promise<void> {
    return this.#send("NDEATH", { metrics: [{ name: "bdSeq", ...typed("UInt64", bdSeq) }] });
  }
  deviceDeath(device: string): Promise<void> {
    return this.#send("DDEATH", { seq: ++this.seq & 255, metrics: [] }, device);
  }
  #send(kind: string, payload: SparkplugPayload, device?: string): Promise<void> {
    const topic = `spBv1.0/G/${kind}/N${device === undefined ? "" : `/${device}`}`;
    const bytes = encodePayload({ timestampMs: 1_767_225_600_000, ...payload });
    return this.#broker.publish(topic, bytes, { qos: 0 });
  }
}

interface Told {
  readonly context: DriverContext;
  readonly losses: { reason: LossReason; count: number }[];
  /** The times of the losses. */
  readonly spans: { fromUs: number; toUs: number }[];
  readonly proven: Set<number>;
  note: string;
}

function tell(clock: Clock = systemClock): Told {
  const told: Told = {
    losses: [],
    spans: [],
    proven: new Set(),
    note: "",
    context: {
      device: "cell",
      clock,
      random: seededRandom("sparkplug"),
      log: silentLog,
      queueMax: 1_000,
      stateFolder: "",
      due: () => undefined,
      lost(_point, count, reason, fromUs, toUs) {
        told.losses.push({ reason, count });
        told.spans.push({ fromUs, toUs });
      },
      proven: (_atUs, points) => points?.forEach((at) => told.proven.add(at)),
      note: (text) => (told.note = text),
      badge: () => undefined,
    },
  };
  return told;
}

interface Rig {
  readonly broker: TestBroker;
  readonly node: TestNode;
  readonly told: Told;
  readonly session: DriverSession;
  /** Payloads of NCMD that the node was sent. */
  readonly commands: Uint8Array[];
}

async function rig(
  t: TestContext,
  points: readonly PointSettings[],
  more: Partial<SparkplugSettings> = {},
  clock: Clock = systemClock,
): Promise<Rig> {
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  const commands: Uint8Array[] = [];
  broker.onPublish((topic, payload) => {
    if (topic === "spBv1.0/G/NCMD/N") commands.push(payload);
  });
  const told = tell(clock);
  const session = await driver.open(settingsFor(broker, more), points, told.context, never);
  t.after(() => session[Symbol.asyncDispose]());
  return { broker, node: new TestNode(broker), told, session, commands };
}

interface Row {
  readonly point: number;
  readonly value: Scalar | undefined;
  readonly status: number;
  readonly measuredUs: number;
  readonly late: boolean;
}

async function take(session: DriverSession, count: number): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of session.readings(AbortSignal.timeout(60_000))) {
    for (let row = 0; row < batch.count; row++) {
      rows.push({
        point: batch.point[row] ?? -1,
        value: batch.wide?.get(row) ?? batch.value[row],
        status: batch.status[row] ?? -1,
        measuredUs: batch.measuredUs[row] ?? -1,
        late: batch.late === true,
      });
    }
    await batch.settle?.();
    if (rows.length >= count) break;
  }
  return rows;
}

async function until(holds: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  while (!holds()) await systemClock.sleep(5, signal);
}

const temperature = (value: number | null, more: Partial<Metric> = {}): Metric => ({
  name: "Temp",
  alias: 1n,
  ...typed("Double", value),
  ...more,
});

test("names come with the birth, values by alias, types from the birth", async (t) => {
  const { node, session } = await rig(t, [
    point("G/N/D/Temp"),
    point("G/N/D/Zone/1/Count", "int64"),
    point("G/N/-/Uptime"),
  ]);
  await node.birth([{ name: "Uptime", ...typed("Int32", 5) }]);
  await node.deviceBirth("D", [
    temperature(20),
    { name: "Zone/1/Count", alias: 2n, ...typed("Int64", -5), timestampMs: 1_767_225_600_500 },
  ]);
  // No name and, as the specification asks, no data type: the type is that of the birth.
  await node.data("D", [{ alias: 1n, ...typed("Double", 21), timestampMs: 1_767_225_601_000 }]);
  const rows = await take(session, 4);
  assert.deepEqual(
    rows.map(({ point: at, value, measuredUs }) => [at, value, measuredUs]),
    [
      [2, 5, 1_767_225_600_000_000],
      [0, 20, 1_767_225_600_000_000],
      [1, -5n, 1_767_225_600_500_000],
      [0, 21, 1_767_225_601_000_000],
    ],
  );
  assert.ok(rows.every((row) => row.status === status.good && !row.late));
});

test("data of nodes are sent with QoS 0: a new conversation misses what was sent since another", async (t) => {
  const { broker, told, session } = await rig(t, [point("G/N/D/Temp")]);
  assert.equal(session.missesWhatWasSent, false, "nobody has listened before");
  const next = await driver.open(settingsFor(broker), [], told.context, never, session.resume);
  t.after(() => next[Symbol.asyncDispose]());
  assert.equal(next.missesWhatWasSent, true);
});

test("births are asked for at the start, and again after data without one", async (t) => {
  const { node, session, commands, told } = await rig(t, [point("G/N/D/Temp")]);
  await until(() => commands.length === 1);
  const [command] = commands;
  assert.ok(command !== undefined);
  const [asked] = decodePayload(command).metrics;
  assert.equal(asked?.name, "Node Control/Rebirth");
  assert.deepEqual(asked.value, { kind: "boolean", value: true });
  // What names itself and its type can be used; an alias of an unknown birth cannot.
  await node.data("D", [temperature(3)]);
  assert.deepEqual(
    (await take(session, 1)).map(({ value }) => value),
    [3],
  );
  await node.data("D", [{ alias: 1n, ...typed("Double", 4) }]);
  await until(() => told.losses.length === 1);
  assert.equal(told.losses[0]?.reason, "rejected");
  await until(() => commands.length === 2);
});

test("a birth takes back the aliases of the one before", async (t) => {
  const { node, session, told } = await rig(t, [point("G/N/D/Temp"), point("G/N/D/Load")]);
  await node.birth();
  await node.deviceBirth("D", [temperature(1), { name: "Load", alias: 2n, ...typed("Double", 2) }]);
  await node.birth();
  await node.deviceBirth("D", [
    temperature(10, { alias: 2n }),
    { name: "Load", alias: 1n, ...typed("Double", 20) },
  ]);
  await node.data("D", [{ alias: 1n, ...typed("Double", 21) }]);
  const rows = await take(session, 5);
  assert.deepEqual(
    rows.map(({ point: at, value }) => [at, value]),
    [
      [0, 1],
      [1, 2],
      [0, 10],
      [1, 20],
      [1, 21],
    ],
  );
  assert.deepEqual(told.losses, []);
});

test("what a birth no longer names is not known by the birth before", async (t) => {
  const { node, session, told } = await rig(t, [point("G/N/D/Temp"), point("G/N/D/Load")]);
  await node.birth();
  await node.deviceBirth("D", [temperature(1), { name: "Load", alias: 2n, ...typed("Double", 2) }]);
  await node.deviceBirth("D", [temperature(3)]);
  // It leaves out its type, which only a birth could say.
  await node.data("D", [{ name: "Load", value: { kind: "double", value: 4 } }]);
  await node.data("D", [{ alias: 1n, ...typed("Double", 5) }]);
  const rows = await take(session, 5);
  assert.deepEqual(
    rows.map(({ point: at, value, status: code }) => [at, value, code]),
    [
      [0, 1, status.good],
      [1, 2, status.good],
      [0, 3, status.good],
      [1, NaN, status.badNodeIdUnknown],
      [0, 5, status.good],
    ],
  );
  assert.deepEqual(told.losses, [{ reason: "rejected", count: NaN }]);
});

test("of devices and metrics that nobody reads nothing is rejected, and they are counted", async (t) => {
  const { node, session, told } = await rig(t, [point("G/N/D/Temp")]);
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await node.deviceBirth("Other", [temperature(2)]);
  await node.data("Other", [{ alias: 1n, ...typed("Double", 3) }]);
  // Neither has a type, and one comes by an alias of which no birth told.
  await node.data("Other", [{ alias: 9n, value: { kind: "double", value: 4 } }]);
  await node.data("D", [{ name: "Load", value: { kind: "double", value: 5 } }]);
  await node.deviceDeath("Other");
  await node.data("D", [{ alias: 1n, ...typed("Double", 6) }]);
  const rows = await take(session, 2);
  assert.deepEqual(
    rows.map(({ point: at, value }) => [at, value]),
    [
      [0, 1],
      [0, 6],
    ],
  );
  assert.deepEqual(told.losses, []);
});

test("a lost message is charged after the wait, what follows is used, and births are asked for", async (t) => {
  const { node, session, told, commands } = await rig(t, [point("G/N/D/Temp")]);
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await take(session, 1);
  const before = commands.length;
  node.seq++;
  await node.data("D", [temperature(2)]);
  assert.deepEqual(
    (await take(session, 1)).map(({ value }) => value),
    [2],
  );
  assert.deepEqual(told.losses, [{ reason: "link lost", count: NaN }]);
  assert.match(told.note, /1 messages of G\/N were lost/);
  await until(() => commands.length > before);
});

const minuteUs = 60_000_000;

/** A message waits behind a gap for one that never comes, a minute after the last one that was used. */
async function gap(
  t: TestContext,
  metrics: readonly Metric[] = [temperature(2)],
): Promise<Rig & { readonly waitMinute: () => void }> {
  let minutes = 0;
  const clock = { ...systemClock, nowUs: () => systemClock.nowUs() + minutes * minuteUs };
  const points = [point("G/N/D/Temp")];
  const on = await rig(t, points, { reorderWaitMs: 30_000 }, clock);
  const { node, session } = on;
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await take(session, 1);
  minutes++;
  node.seq++;
  await node.data("D", metrics);
  return { ...on, waitMinute: () => minutes++ };
}

test("what waits behind a gap when the link is lost is read, and the gap is charged from the message before it", async (t) => {
  const { broker, session, told, node, waitMinute } = await gap(t);
  // Waits for nothing, so what was sent before it is here.
  await node.unnumbered("D", [temperature(3)]);
  assert.deepEqual(
    (await take(session, 1)).map(({ value }) => value),
    [3],
  );
  waitMinute();
  await broker.cut();
  assert.deepEqual(
    (await take(session, 1)).map(({ value }) => value),
    [2],
  );
  const unknown = { reason: "link lost", count: NaN };
  assert.deepEqual(told.losses, [unknown, unknown]);
  const minutes = told.spans.map(({ fromUs, toUs }) => Math.floor((toUs - fromUs) / minuteUs));
  assert.deepEqual(minutes, [2, 1], "since the message before the gap, and since the last word");
});

test("what waits behind a gap at a planned stop is charged with the gap: nobody sends it again", async (t) => {
  const keptMs = 1_767_225_000_000;
  const kept = temperature(1, { historical: true, timestampMs: keptMs });
  const { session, told, node } = await gap(t, [temperature(2), kept]);
  await node.unnumbered("D", [temperature(3)]);
  assert.deepEqual(
    (await take(session, 1)).map(({ value }) => value),
    [3],
  );
  await session.end(never);
  await session[Symbol.asyncDispose]();
  assert.deepEqual(told.losses, [
    { reason: "link lost", count: NaN },
    { reason: "gateway down", count: 1 },
    { reason: "gateway down", count: 1 },
  ]);
  const [, past, present] = told.spans;
  assert.deepEqual(past, { fromUs: keptMs * 1_000, toUs: keptMs * 1_000 });
  assert.ok(present !== undefined && present.fromUs > keptMs * 1_000);
});

test("on a link that is lost no births are asked for, so that the next conversation may ask at once", async (t) => {
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  let asked = 0;
  broker.onPublish((topic) => {
    if (topic.startsWith("spBv1.0/G/NCMD/")) asked++;
  });
  const clock = new PlayedClock();
  const told = tell(clock);
  const own = createSparkplugDriver(new RebirthPacer());
  const settings = settingsFor(broker, { rebirthEverySeconds: 3_600 });
  const open = (): Promise<DriverSession> =>
    own.open(settings, [point("G/N/D/Temp")], told.context, never);
  /** @returns whether it comes true within so many seconds */
  const comes = async (seconds: number, holds: () => boolean): Promise<boolean> => {
    for (let step = 0; step < seconds * 4 && !holds(); step++) {
      await clock.advance(250);
      await systemClock.sleep(5, never);
    }
    return holds();
  };
  const first = await open();
  assert.ok(await comes(60, () => asked === 1));
  const node = new TestNode(broker);
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await take(first, 1);
  await clock.advance(3_600_000);
  await broker.cut();
  await until(() => told.losses.length > 0);
  // Nobody pulls: the conversation is lost and not over.
  await comes(20, () => false);
  await first[Symbol.asyncDispose]();
  await broker.mend();
  const second = await open();
  t.after(() => second[Symbol.asyncDispose]());
  assert.ok(await comes(60, () => asked === 2));
});

test("a death makes every point stale at once, and only the death of the present birth", async (t) => {
  const { node, session } = await rig(t, [point("G/N/D/Temp"), point("G/N/E/Temp")]);
  node.bdSeq = 7;
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await node.deviceBirth("E", [temperature(2)]);
  await node.deviceDeath("E");
  assert.deepEqual(
    (await take(session, 3)).map(({ point: at, status: code }) => [at, code]),
    [
      [0, status.good],
      [1, status.good],
      [1, status.badNoCommunication],
    ],
  );
  await node.death(6);
  await node.data("D", [temperature(5)]);
  await node.death(7);
  const rows = await take(session, 3);
  assert.deepEqual(
    rows.map(({ point: at, status: code }) => [at, code]),
    [
      [0, status.good],
      [0, status.badNoCommunication],
      [1, status.badNoCommunication],
    ],
  );
});

test("historical values come late, null and quality are bad, a template is not supported", async (t) => {
  const points = ["Temp", "Load", "Set"].map((name) => point(`G/N/D/${name}`));
  const { node, session, told } = await rig(t, points);
  await node.birth();
  await node.deviceBirth("D", [
    temperature(null),
    {
      name: "Load",
      ...typed("Int32", 5),
      properties: property("Quality", { value: { kind: "int", value: 500 } }),
    },
    {
      name: "Set",
      datatype: dataTypes.DataSet,
      value: { kind: "dataset", value: new Uint8Array(0) },
    },
  ]);
  const rows = await take(session, 3);
  assert.deepEqual(
    rows.map((row) => row.status),
    [status.bad, status.uncertainLastUsable, status.badNotSupported],
  );
  assert.match(told.note, /Set is a data set/);
  await node.data("D", [
    temperature(1, { historical: true, timestampMs: 1_767_225_000_000 }),
    temperature(2),
  ]);
  const mixed = await take(session, 2);
  assert.deepEqual(
    mixed.map(({ value, late }) => [value, late]),
    [
      [1, true],
      [2, false],
    ],
  );
});

test("the life of the node proves values that do not change", async (t) => {
  const { node, told, session } = await rig(t, [point("G/N/D/Temp"), point("G/N/E/Temp")], {
    keepAliveSeconds: 5,
  });
  await node.birth();
  await node.deviceBirth("D", [temperature(1)]);
  await take(session, 1);
  await until(() => told.proven.has(0));
  assert.equal(told.proven.has(1), false);
});

test("bytes that are no payload are counted, and the note names the topic", async (t) => {
  const { broker, told } = await rig(t, [point("G/N/D/Temp")]);
  await broker.publish("spBv1.0/G/DDATA/N/D", new Uint8Array([0xff, 0xff, 0xff]), { qos: 0 });
  await until(() => told.losses.length === 1);
  assert.deepEqual(told.losses, [{ reason: "rejected", count: NaN }]);
  assert.match(told.note, /spBv1\.0\/G\/DDATA\/N\/D could not be used/);
});

test("STATE is published only by a primary host, and taken back at the end", async (t) => {
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  const states: string[] = [];
  broker.onPublish((topic, payload) => {
    if (topic === "spBv1.0/STATE/scada") states.push(Buffer.from(payload).toString());
  });
  const quiet = await driver.open(
    settingsFor(broker),
    [point("G/N/D/Temp")],
    tell().context,
    never,
  );
  await quiet.end(never);
  await quiet[Symbol.asyncDispose]();
  assert.deepEqual(states, []);
  const primary = settingsFor(broker, { primaryHost: true, hostId: "scada" });
  const session = await driver.open(primary, [point("G/N/D/Temp")], tell().context, never);
  await session.end(never);
  await session[Symbol.asyncDispose]();
  assert.deepEqual(
    states.map((text) => (JSON.parse(text) as { online: boolean }).online),
    [true, false],
  );
  assert.equal(driver.settings.safeParse({ url: broker.url, primaryHost: true }).success, false);
});

test("browsing asks for births and offers their metrics with type, unit and value", async (t) => {
  const broker = await startTestBroker();
  t.after(() => broker.stop());
  const node = new TestNode(broker);
  broker.onPublish((topic) => {
    if (topic !== "spBv1.0/G/NCMD/N") return;
    void node.birth().then(() =>
      node.deviceBirth("D", [
        temperature(20, {
          properties: property("engUnit", { value: { kind: "string", value: "Cel" } }),
        }),
      ]),
    );
  });
  const speaking = new AbortController();
  t.after(() => speaking.abort());
  const running = (async () => {
    while (!speaking.signal.aborted) {
      await node.data("D", [{ alias: 1n, ...typed("Double", 1) }]);
      await systemClock.sleep(50, speaking.signal).catch(() => undefined);
    }
  })();
  const offered = [];
  for await (const each of driver.browse?.(settingsFor(broker), tell().context, 1, never) ?? [])
    offered.push(each);
  speaking.abort();
  await running;
  assert.deepEqual(
    offered.map(({ address, type, unit, value }) => [address, type, unit, value]),
    [["G/N/D/Temp", "float64", "Cel", 20]],
  );
});

test("every integer type keeps its sign and its last digit", () => {
  const int = (value: number): Metric => ({ value: { kind: "int", value } });
  const long = (value: bigint): Metric => ({
    value: { kind: "long", value: BigInt.asUintN(64, value) },
  });
  assert.equal(metricValue(int(0xff), 1), -1);
  assert.equal(metricValue(int(0xffff_ffff), 1), -1);
  assert.equal(metricValue(int(0xffff_8000), 2), -32_768);
  assert.equal(metricValue(int(0xffff_ffff), 3), -1);
  assert.equal(metricValue(long(4_000_000_000n), 7), 4_000_000_000);
  assert.equal(metricValue(int(4_000_000_000), 7), 4_000_000_000);
  assert.equal(metricValue(long(-(2n ** 63n)), 4), -(2n ** 63n));
  assert.equal(metricValue(long(2n ** 64n - 1n), 8), 2n ** 64n - 1n);
  assert.equal(metricValue(long(1_767_225_600_123n), 13), 1_767_225_600_123_000);
});

test("a value in a field that its type does not travel in is bad, not zero", () => {
  assert.equal(metricValue({ value: { kind: "double", value: 7 } }, dataTypes.Int32), undefined);
  assert.equal(metricValue({ value: { kind: "string", value: "7" } }, dataTypes.UInt64), undefined);
  assert.equal(metricValue({ value: { kind: "int", value: 7 } }, dataTypes.Double), undefined);
  assert.equal(metricValue({}, dataTypes.Int32), undefined);
});

test("a node that does not number its messages is read, and said to be uncountable", async (t) => {
  const { node, session, told } = await rig(t, [point("G/N/D/Temp")]);
  await node.birth();
  await node.deviceBirth("D", [temperature(0)]);
  for (const value of [1, 2, 3]) await node.unnumbered("D", [temperature(value)]);
  assert.deepEqual(
    (await take(session, 4)).map(({ value }) => value),
    [0, 1, 2, 3],
  );
  assert.match(told.note, /cannot be counted/);
  assert.deepEqual(told.losses, []);
});

test("a value is commanded by name to a device that is born; nobody acknowledges it, so its end is unknown", async (t) => {
  const points = [point("G/N/D/Temp"), point("G/N/D/Count", "int64"), point("G/N/-/Mode", "int32")];
  const { node, session, broker } = await rig(t, points);
  const heard: { topic: string; metrics: readonly Metric[] }[] = [];
  broker.onPublish((topic, payload) => {
    if (!topic.includes("CMD")) return;
    const { metrics } = decodePayload(payload);
    if (metrics[0]?.name !== "Node Control/Rebirth") heard.push({ topic, metrics });
  });
  const unborn = await session.write(0, 21.5, never);
  assert.ok(unborn.kind === "refused" && unborn.reason.includes("not born"));

  await node.birth([{ name: "Mode", ...typed("Int32", 1) }]);
  await node.deviceBirth("D", [temperature(20), { name: "Count", ...typed("Int64", 5n) }]);
  await take(session, 3);
  for (const [at, value] of [
    [0, 21.5],
    [1, -9_007_199_254_740_993n],
    [2, 3],
  ] as const) {
    assert.equal((await session.write(at, value, never)).kind, "unknown");
  }
  await until(() => heard.length === 3);
  assert.deepEqual(
    heard.map(({ topic, metrics: [metric] }) => [
      topic,
      metric?.name,
      metric === undefined ? undefined : metricValue(metric, metric.datatype ?? 0),
    ]),
    [
      ["spBv1.0/G/DCMD/N/D", "Temp", 21.5],
      ["spBv1.0/G/DCMD/N/D", "Count", -9_007_199_254_740_993n],
      ["spBv1.0/G/NCMD/N", "Mode", 3],
    ],
  );
  const odd = await session.write(2, 2.5, never);
  assert.ok(odd.kind === "refused" && odd.reason.includes("Int32"));
  await node.deviceDeath("D");
  await take(session, 2);
  assert.equal((await session.write(0, 22, never)).kind, "refused");
});

test("any bytes end in a payload or a refusal", async () => {
  const own = await loadSparkplugCodec();
  const good = encodePayload({ timestampMs: 1, seq: 1, metrics: [temperature(1)] });
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255))
    .map(([at, byte]) => Uint8Array.from(good, (old, index) => (index === at ? byte : old)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), mutated), (bytes) => {
      const payload = own.decode(bytes);
      if ("kind" in payload) return;
      for (const metric of payload.metrics) metricValue(metric, metric.datatype ?? 0);
    }),
    { numRuns: 20_000 },
  );
});

/** A node with two metrics that publishes both every 50 ms and answers to rebirth. */
async function startRig(): Promise<RigDevice<SparkplugSettings>> {
  const broker = await startTestBroker();
  const values = [0, 0];
  const node = new TestNode(broker);
  const metrics = (): Metric[] =>
    values.map((value, at) => ({ name: `M${at}`, alias: BigInt(at), ...typed("Double", value) }));
  const births = async (): Promise<void> => {
    await node.birth();
    await node.deviceBirth("D", metrics());
  };
  let born = Promise.resolve();
  broker.onPublish((topic) => {
    if (topic === "spBv1.0/G/NCMD/N") born = born.then(births);
  });
  const stop = new AbortController();
  const running = (async () => {
    await births();
    while (!stop.signal.aborted) {
      await born;
      await node.data(
        "D",
        values.map((value, at) => ({ alias: BigInt(at), ...typed("Double", value) })),
      );
      await systemClock.sleep(50, stop.signal).catch(() => undefined);
    }
  })();
  return {
    settings: settingsFor(broker, { connectTimeoutMs: 30_000 }),
    points: [point("G/N/D/M0"), point("G/N/D/M1")],
    absentPoint: point("G/N/D/Absent"),
    nonsenseAddress: "G/N",
    writable: 0,
    set(at, value) {
      values[at] = value;
    },
    get: (at) => values[at] ?? NaN,
    loseNextReply: () => undefined,
    cut: () => broker.cut(),
    mend: () => broker.mend(),
    conversations: () => broker.connections(),
    async stop() {
      stop.abort();
      await running;
      await broker.stop();
    },
  };
}

describeDriver("sparkplug", {
  driver,
  lacks: {
    write: "a Sparkplug command is never acknowledged; what is sent has a test of its own",
    "lost reply": "a Sparkplug command has no reply",
  },
  start: startRig,
});
