import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock, type Clock } from "@millwright/kit";
import { status, type LossReason, type Scalar, type ValueType } from "@millwright/wire-contract";

import { ensureHttpsCertificate } from "../../access/https-certificate.ts";
import { describeDriver } from "../driver-contract.ts";
import type { RigDevice } from "../driver-rig.ts";
import type {
  DriverContext,
  DriverSession,
  PointSettings,
  ReadingBatch,
  ResumePoint,
} from "../driver.ts";
import { SettingsRefused } from "../faults.ts";
import { mqttDriver, type MqttSettings } from "./mqtt-driver.ts";
import { startTestBroker, type TestBroker } from "./test-broker.ts";
import { makeClientCertificate } from "./test-certificate.ts";

const never = new AbortController().signal;

function settingsFor(broker: TestBroker, more: Partial<MqttSettings> = {}): MqttSettings {
  return mqttDriver.settings.parse({
    url: broker.url,
    clientId: "gw-1",
    browseSeconds: 1,
    ...more,
  });
}

function point(address: string, type: ValueType = "float64", options = {}): PointSettings {
  return { tag: address, address, type, everyMs: 100, options };
}

interface Told {
  readonly context: DriverContext;
  readonly losses: { reason: LossReason; count: number }[];
  /** The times of the losses. */
  readonly spans: { fromUs: number; toUs: number }[];
  note: string;
  badge: string;
}

function tell(stateFolder = "", queueMax = 1_000, clock: Clock = systemClock): Told {
  const told: Told = {
    losses: [],
    spans: [],
    note: "",
    badge: "",
    context: {
      device: "cell",
      clock,
      random: seededRandom("mqtt"),
      log: silentLog,
      queueMax,
      stateFolder,
      due: () => undefined,
      lost(_point, count, reason, fromUs, toUs) {
        told.losses.push({ reason, count });
        told.spans.push({ fromUs, toUs });
      },
      proven: () => undefined,
      note: (text) => (told.note = text),
      badge: (text) => (told.badge = text),
    },
  };
  return told;
}

async function broker(
  t: TestContext,
  authenticate?: (user: string, password: string) => boolean,
): Promise<TestBroker> {
  const started = await startTestBroker(authenticate === undefined ? {} : { authenticate });
  t.after(() => started.stop());
  return started;
}

async function open(
  t: TestContext,
  settings: MqttSettings,
  points: readonly PointSettings[],
  told: Told,
): Promise<DriverSession> {
  const session = await mqttDriver.open(settings, points, told.context, never);
  t.after(() => session[Symbol.asyncDispose]());
  return session;
}

interface Row {
  readonly point: number;
  readonly value: Scalar | undefined;
  readonly status: number;
  readonly measuredUs: number;
}

function rowsOf(batch: ReadingBatch): Row[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    point: batch.point[row] ?? -1,
    value: batch.wide?.get(row) ?? batch.value[row],
    status: batch.status[row] ?? -1,
    measuredUs: batch.measuredUs[row] ?? -1,
  }));
}

async function take(session: DriverSession, count: number, settle = true): Promise<Row[]> {
  const stop = new AbortController();
  const rows: Row[] = [];
  for await (const batch of session.readings(stop.signal)) {
    rows.push(...rowsOf(batch));
    if (settle) await batch.settle?.();
    if (rows.length >= count) break;
  }
  return rows;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await systemClock.sleep(5, AbortSignal.timeout(60_000));
}

test("one message gives its values to all the points that name it", async (t) => {
  const on = await broker(t);
  const session = await open(
    t,
    settingsFor(on),
    [
      point("plant/press#$.pressure", "float64", { time_field: "$.ts", time_format: "ms" }),
      point("plant/press#$.zones[1].name", "string"),
      point("plant/count", "int64"),
    ],
    tell(),
  );
  await on.publish(
    "plant/press",
    '{"ts":1767225600123,"pressure":4.5,"zones":[{},{"name":"Nord"}]}',
  );
  await on.publish("plant/count", "9007199254740993");
  assert.deepEqual(await take(session, 3), [
    { point: 0, value: 4.5, status: 0, measuredUs: 1_767_225_600_123_000 },
    { point: 1, value: "Nord", status: 0, measuredUs: NaN },
    { point: 2, value: 9_007_199_254_740_993n, status: 0, measuredUs: NaN },
  ]);
});

test("what is published while the gateway is away is kept by the broker and comes afterwards", async (t) => {
  const on = await broker(t);
  const settings = settingsFor(on);
  const points = [point("plant/a")];
  const first = await open(t, settings, points, tell());
  await on.publish("plant/a", "1");
  await take(first, 1);
  await until(() => on.acknowledged() === 1);
  await first.end(never);
  for (const value of ["2", "3", "4"]) await on.publish("plant/a", value);
  const second = await open(t, settings, points, tell());
  assert.deepEqual(
    (await take(second, 3)).map((row) => row.value),
    [2, 3, 4],
  );
});

test("a message is acknowledged after its readings are on disk, and one that never was comes again", async (t) => {
  const on = await broker(t);
  const settings = settingsFor(on);
  const points = [point("plant/a")];
  const first = await open(t, settings, points, tell());
  for (const value of ["1", "2"]) await on.publish("plant/a", value);
  await take(first, 2, false);
  assert.equal(on.acknowledged(), 0);
  // The process dies before its commit.
  await first[Symbol.asyncDispose]();
  const second = await open(t, settings, points, tell());
  assert.deepEqual(
    (await take(second, 2)).map((row) => row.value),
    [1, 2],
  );
  await until(() => on.acknowledged() === 2);
});

test("unsettled messages do not keep the next ones from being read", async (t) => {
  const on = await broker(t);
  const session = await open(t, settingsFor(on), [point("plant/a")], tell());
  for (let value = 0; value < 300; value++) await on.publish("plant/a", String(value));
  const rows = await take(session, 300, false);
  assert.deepEqual(
    rows.map((row) => row.value),
    Array.from({ length: 300 }, (_, at) => at),
  );
});

test("a retained message is the last usable value, never a live one", async (t) => {
  const on = await broker(t);
  await on.publish("plant/a", "7", { retain: true });
  const session = await open(t, settingsFor(on), [point("plant/a")], tell());
  await on.publish("plant/a", "8");
  assert.deepEqual(await take(session, 2), [
    { point: 0, value: 7, status: status.uncertainLastUsable, measuredUs: NaN },
    { point: 0, value: 8, status: status.good, measuredUs: NaN },
  ]);
});

test("a payload that cannot be used is counted, and the note names topic and reason", async (t) => {
  const on = await broker(t);
  const told = tell();
  const session = await open(t, settingsFor(on), [point("plant/a#$.v"), point("plant/b")], told);
  await on.publish("plant/a", "{broken");
  await on.publish("plant/b", "1");
  await take(session, 1);
  assert.deepEqual(told.losses, [{ reason: "rejected", count: 1 }]);
  assert.match(told.note, /plant\/a could not be used: it is not JSON/);
});

test("QoS 0 is read, and the note says that its losses cannot be counted", async (t) => {
  const on = await broker(t);
  const told = tell();
  const session = await open(t, settingsFor(on), [point("plant/a")], told);
  await on.publish("plant/a", "1", { qos: 0 });
  await take(session, 1);
  assert.match(told.note, /plant\/a is published with QoS 0: .* cannot be counted/);
});

test("the conversation after one in which QoS 0 was heard misses what was sent between them", async (t) => {
  const on = await broker(t);
  const converse = async (qos: 0 | 1, resume?: ResumePoint): Promise<DriverSession> => {
    const points = [point("plant/a")];
    const session = await mqttDriver.open(settingsFor(on), points, tell().context, never, resume);
    await on.publish("plant/a", "1", { qos });
    await take(session, 1);
    await session.end(never);
    await session[Symbol.asyncDispose]();
    return session;
  };
  const first = await converse(1);
  assert.equal(first.missesWhatWasSent, false);
  const second = await converse(0, first.resume);
  assert.equal(second.missesWhatWasSent, false, "QoS 1 the broker keeps");
  const third = await converse(1, second.resume);
  assert.equal(third.missesWhatWasSent, true);
  const fourth = await converse(1, third.resume);
  assert.equal(fourth.missesWhatWasSent, true, "it may be published rarely");
});

test("a full queue drops the oldest and counts them", async (t) => {
  const on = await broker(t);
  const told = tell("", 5);
  const session = await open(t, settingsFor(on), [point("plant/a"), point("plant/end")], told);
  for (let value = 0; value < 20; value++) await on.publish("plant/a", String(value), { qos: 0 });
  const lost = (): number => told.losses.reduce((sum, { count }) => sum + count, 0);
  await until(() => lost() === 15);
  assert.deepEqual(
    (await take(session, 5)).map((row) => row.value),
    [15, 16, 17, 18, 19],
  );
  assert.ok(told.losses.every(({ reason }) => reason === "queue full"));
});

test("a wrong password is refused with a hint, a right one from its file is taken", async (t) => {
  const on = await broker(t, (user, password) => user === "gw" && password === "geheim");
  const folder = await mkdtemp(join(tmpdir(), "mqtt-"));
  t.after(() => rm(folder, { recursive: true }));
  const passwordFile = join(folder, "password");
  const settings = settingsFor(on, { user: "gw", passwordFile });
  await writeFile(passwordFile, "falsch\n");
  await assert.rejects(
    mqttDriver.open(settings, [point("a")], tell().context, never),
    (failure) => {
      assert.ok(failure instanceof SettingsRefused, String(failure));
      assert.match(failure.hint, /password file/);
      return true;
    },
  );
  await writeFile(passwordFile, "geheim\n");
  await open(t, settings, [point("a")], tell());
  await rm(passwordFile);
  await assert.rejects(
    mqttDriver.open(settings, [point("a")], tell().context, never),
    /cannot be read/,
  );
});

test("what was sent with QoS 0 on a dead link is charged from the last word of the broker on", async (t) => {
  for (const qos of [0, 1] as const) {
    const on = await broker(t);
    let aheadUs = 0;
    const clock = { ...systemClock, nowUs: () => systemClock.nowUs() + aheadUs };
    const told = tell("", 1_000, clock);
    const session = await open(t, settingsFor(on), [point("a")], told);
    await on.publish("a", "1", { qos });
    await take(session, 1);
    aheadUs = 60_000_000;
    await on.cut();
    await assert.rejects(take(session, 1), /link lost/);
    // What was sent with QoS 1 the broker keeps.
    assert.deepEqual(told.losses, qos === 0 ? [{ reason: "link lost", count: NaN }] : []);
    for (const { fromUs, toUs } of told.spans) assert.ok(toUs - fromUs >= 60_000_000);
  }
});

test("what was acknowledged before it was read is charged at a planned stop, and the rest comes again", async (t) => {
  const on = await broker(t);
  const settings = settingsFor(on, { version: "3.1.1" });
  const told = tell();
  const session = await open(t, settings, [point("a")], told);
  const values = Array.from({ length: 15 }, (_value, at) => at);
  for (const value of values) await on.publish("a", String(value));
  // A 3.1.1 broker is left ten without an acknowledgement.
  await until(() => on.acknowledged() === 5);
  await session.end(never);
  await session[Symbol.asyncDispose]();
  assert.deepEqual(
    told.losses,
    Array.from({ length: 5 }, () => ({ reason: "gateway down", count: 1 })),
  );
  const next = await open(t, settings, [point("a")], tell());
  assert.deepEqual(
    (await take(next, 10)).map(({ value }) => value),
    values.slice(5),
  );
});

test("a broker that asks for a certificate gets ours, and without one lets nobody in", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "mqtt-"));
  t.after(() => rm(folder, { recursive: true }));
  const fileOf = (name: string): string => join(folder, name);
  const caFile = fileOf("broker.pem");
  const brokers = await ensureHttpsCertificate(
    { httpsKey: fileOf("broker-key.pem"), httpsCertificate: caFile },
    ["127.0.0.1"],
    systemClock.nowUs(),
  );
  const own = await makeClientCertificate("gw-1");
  const [certificateFile, keyFile] = [fileOf("own.pem"), fileOf("own-key.pem")];
  await writeFile(certificateFile, own.certificate);
  await writeFile(keyFile, own.key);
  const on = await startTestBroker({
    certificate: () => brokers,
    clientAuthority: own.certificate,
  });
  t.after(() => on.stop());
  const shown = { caFile, certificateFile, keyFile };
  const session = await open(t, settingsFor(on, shown), [point("a")], tell());
  await on.publish("a", "5");
  assert.deepEqual(
    (await take(session, 1)).map((row) => row.value),
    [5],
  );
  await assert.rejects(
    mqttDriver.open(settingsFor(on, { caFile }), [point("a")], tell().context, never),
    (failure) => {
      assert.ok(failure instanceof SettingsRefused, String(failure));
      assert.match(failure.message, /asks for a certificate/);
      assert.match(failure.hint, /certificateFile and keyFile/);
      return true;
    },
  );
  for (const wrong of [{ certificateFile }, { keyFile }]) {
    assert.equal(
      mqttDriver.settings.safeParse({ url: on.url, ...wrong }).error?.issues[0]?.message,
      "is missing: a certificate is shown with its key",
    );
  }
});

test("without a client id in the settings one is made, and kept for ever", async (t) => {
  const on = await broker(t);
  const folder = await mkdtemp(join(tmpdir(), "mqtt-"));
  t.after(() => rm(folder, { recursive: true }));
  const settings = mqttDriver.settings.parse({ url: on.url });
  const points = [point("plant/a")];
  const first = await open(t, settings, points, tell(folder));
  await first.end(never);
  await on.publish("plant/a", "5");
  const second = await open(t, settings, points, tell(folder));
  assert.deepEqual(
    (await take(second, 1)).map((row) => row.value),
    [5],
  );
});

test("a topic that the settings no longer have is taken back at the broker", async (t) => {
  const on = await broker(t);
  const settings = settingsFor(on);
  const first = await open(t, settings, [point("plant/old"), point("plant/new")], tell());
  await first.end(never);
  const second = await open(t, settings, [point("plant/new")], tell());
  await on.publish("plant/old", "1");
  await until(() => on.acknowledged() === 1);
  // Unsubscribed by now or with the next: what is published afterwards stays where it is.
  await on.publish("plant/new", "2");
  await take(second, 1);
  await second.end(never);
  await on.publish("plant/old", "3");
  await on.publish("plant/new", "4");
  const third = await open(t, settings, [point("plant/old"), point("plant/new")], tell());
  assert.deepEqual(
    (await take(third, 1)).map(({ point: at, value }) => [at, value]),
    [[1, 4]],
  );
});

test("plain text away from this machine is marked, and planned with a warning", () => {
  const away = mqttDriver.settings.parse({
    url: "mqtt://10.0.0.5",
    user: "gw",
    passwordFile: "/x",
  });
  const warnings = mqttDriver
    .plan(away, [point("a")])
    .filter(({ severity }) => severity === "warning");
  assert.match(warnings.map(({ text }) => text).join(), /not encrypted.*readable/);
  for (const url of [
    "mqtts://10.0.0.5",
    "mqtt://127.0.0.1:1884",
    "mqtt://localhost",
    "mqtt://[::1]:1883",
  ]) {
    const lines = mqttDriver.plan(mqttDriver.settings.parse({ url }), [point("a")]);
    assert.ok(
      lines.every(({ severity }) => severity === "info"),
      url,
    );
  }
});

test("settings with a wrong address, an unknown key or a password in the address are refused", () => {
  for (const settings of [
    { url: "http://x" },
    { url: "mqtt://user:secret@x" },
    { url: "mqtt://x", pasword: "y" },
    { url: "mqtt://x", clientId: "a b" },
  ]) {
    assert.equal(mqttDriver.settings.safeParse(settings).success, false, JSON.stringify(settings));
  }
});

/** A point that is read from one topic and written to another. */
function writable(address: string, options: Record<string, string>): PointSettings {
  return { ...point(address), options };
}

test("a value is published to the topic and in the payload that the tag declares, and never retained", async (t) => {
  const on = await broker(t);
  const heard: string[] = [];
  on.onPublish((topic, payload) => heard.push(`${topic} ${Buffer.from(payload).toString()}`));
  const points = [
    writable("m/state#$.speed", { write_topic: "m/set", write_payload: '{"speed":{value}}' }),
    { ...writable("m/serial", { write_topic: "m/serial/set" }), type: "uint64" as const },
    {
      ...writable("m/name#$.n", { write_topic: "m/set", write_payload: '{"n":{value}}' }),
      type: "string" as const,
    },
    point("m/only-read"),
  ];
  const session = await open(t, settingsFor(on), points, tell());
  await session.write(0, 80.5, never);
  await session.write(1, 18_014_398_509_481_985n, never);
  await session.write(2, 'a "b"', never);
  await until(() => heard.length === 3);
  assert.deepEqual(heard, [
    'm/set {"speed":80.5}',
    "m/serial/set 18014398509481985",
    'm/set {"n":"a \\"b\\""}',
  ]);
  const refused = await session.write(3, 1, never);
  assert.ok(refused.kind === "refused" && refused.reason.includes("write_topic"));
  const stopped = new AbortController();
  stopped.abort();
  assert.equal((await session.write(0, 1, stopped.signal)).kind, "refused");
});

test("a write over a lost connection is not kept for the next one", async (t) => {
  const on = await broker(t);
  const heard: string[] = [];
  on.onPublish((topic) => heard.push(topic));
  const session = await open(
    t,
    settingsFor(on),
    [writable("m/a", { write_topic: "m/set" })],
    tell(),
  );
  await on.cut();
  await until(() => on.connections() === 0);
  assert.notEqual((await session.write(0, 1, never)).kind, "accepted");
  await on.mend();
  await open(t, settingsFor(on), [point("m/a")], tell());
  assert.deepEqual(heard, []);
});

test("with MQTT 3.1.1 a write goes out once, unacknowledged, and so its end is unknown", async (t) => {
  const on = await broker(t);
  const heard: string[] = [];
  on.onPublish((topic, payload) => heard.push(`${topic} ${Buffer.from(payload).toString()}`));
  const settings = settingsFor(on, { version: "3.1.1" });
  const session = await open(t, settings, [writable("m/a", { write_topic: "m/set" })], tell());
  assert.equal((await session.write(0, 7, never)).kind, "unknown");
  await until(() => heard.includes("m/set 7"));
});

test("how a tag is written is judged before anything is started", () => {
  const settings = mqttDriver.settings.parse({ url: "mqtt://x" });
  for (const [options, what] of [
    [{ write_payload: "{value}" }, /write_topic/],
    [{ write_topic: "m/+" }, /wildcard|\+/],
    [{ write_topic: "m/#" }, /no topic/],
    [{ write_topic: "m/set", write_payload: "{}" }, /\{value\} once/],
    [{ write_topic: "m/set", write_payload: "{value}{value}" }, /\{value\} once/],
  ] as const) {
    assert.match(mqttDriver.checkPoint(settings, writable("m/a", options))?.reason ?? "", what);
  }
  assert.match(mqttDriver.checkWrite?.(settings, point("m/a"))?.reason ?? "", /only read/);
  assert.equal(
    mqttDriver.checkWrite?.(settings, writable("m/a", { write_topic: "m/set" })),
    undefined,
  );
});

test("browsing listens, decodes what it hears and stops at its time or its bound", async (t) => {
  const on = await broker(t);
  await on.publish("plant/press", '{"p":4.5,"run":true,"zones":[{"t":80}]}', { retain: true });
  await on.publish("plant/text", "läuft", { retain: true });
  const offered = [];
  for await (const each of mqttDriver.browse?.(settingsFor(on), tell().context, 100, never) ?? []) {
    offered.push({ address: each.address, type: each.type, value: each.value });
  }
  assert.deepEqual(
    offered.sort((a, b) => a.address.localeCompare(b.address)),
    [
      { address: "plant/press#$.p", type: "float64", value: 4.5 },
      { address: "plant/press#$.run", type: "bool", value: true },
      { address: "plant/press#$.zones[0].t", type: "float64", value: 80 },
      { address: "plant/text", type: "string", value: "läuft" },
    ],
  );
  const bounded: string[] = [];
  for await (const { address } of mqttDriver.browse?.(settingsFor(on), tell().context, 2, never) ??
    []) {
    bounded.push(address);
  }
  assert.equal(bounded.length, 2);
});

/** A machine that publishes two values every 50 ms, with QoS 1. */
async function startRig(): Promise<RigDevice<MqttSettings>> {
  const on = await startTestBroker();
  const values = [0, 0];
  const topics = ["rig/a", "rig/b"];
  const publish = (at: number): Promise<void> =>
    on.publish(topics[at] ?? "", JSON.stringify({ v: values[at] }));
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all(topics.map((_, at) => publish(at)));
      await systemClock.sleep(50, stop.signal).catch(() => undefined);
    }
  })();
  return {
    settings: settingsFor(on, { connectTimeoutMs: 30_000 }),
    points: topics.map((topic) => point(`${topic}#$.v`)),
    absentPoint: point("rig/absent#$.v"),
    nonsenseAddress: "rig/+/a#$.v",
    writable: 0,
    set(at, value) {
      values[at] = value;
      return publish(at);
    },
    get: (at) => values[at] ?? NaN,
    loseNextReply: () => undefined,
    cut: () => on.cut(),
    mend: () => on.mend(),
    conversations: () => on.connections(),
    settled: () => on.acknowledged(),
    async stop() {
      stop.abort();
      await running;
      await on.stop();
    },
  };
}

describeDriver("mqtt", {
  driver: mqttDriver,
  lacks: {
    write:
      "the embedded broker speaks 3.1.1, where no write is acknowledged; mqtt5-write.test.ts has the others",
    "lost reply": "a write over 3.1.1 has no reply",
    "bad point": "a topic that nobody publishes is only silent; freshness tells",
  },
  start: startRig,
});
