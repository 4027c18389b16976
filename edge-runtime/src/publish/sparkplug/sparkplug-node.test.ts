import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { decodePayload, encodePayload, type SparkplugPayload } from "@millwright/sparkplug-b";

import { until } from "../../acquire/contract-reader.ts";
import { startTestBroker, type TestBroker } from "../../acquire/mqtt/test-broker.ts";
import { TestGateway } from "./test-gateway.ts";
import { TestScada } from "./test-scada.ts";

const force = "Brno/gw-1/press-1/force";
const points = { [force]: "float64", "Brno/gw-1/press-1/count": "uint64" } as const;

interface Message {
  readonly topic: string;
  readonly payload: SparkplugPayload;
}

async function broker(t: TestContext): Promise<TestBroker> {
  const started = await startTestBroker();
  t.after(() => started.stop());
  return started;
}

function scada(t: TestContext, { url }: TestBroker, primaryHost: boolean): TestScada {
  const made = new TestScada(url, points, { clientId: "scada", primaryHost });
  t.after(() => made.kill());
  return made;
}

/** Messages of the node, as they went over the wire. */
function wireOf(on: TestBroker): readonly Message[] {
  const wire: Message[] = [];
  on.onPublish((topic, bytes, client) => {
    if (client === "gw-1-sparkplug") wire.push({ topic, payload: decodePayload(bytes) });
  });
  return wire;
}

/** Of these times: those that were heard, how often, and whether one of them came as history. */
function heardOf(
  listener: TestScada,
  measuredMs: readonly number[],
): {
  readonly all: boolean;
  readonly right: boolean;
  readonly late: number;
  readonly live: number;
} {
  const wanted = new Set(measuredMs);
  const heard = listener.of(force).filter((each) => wanted.has(each.measuredMs));
  return {
    all: new Set(heard.map((each) => each.measuredMs)).size === wanted.size,
    right: heard.every(({ measuredMs: ms, value }) => value === ms % 100_000),
    late: new Set(heard.filter(({ late }) => late).map((each) => each.measuredMs)).size,
    live: heard.filter(({ late }) => !late).length,
  };
}

const live = (gateway: TestGateway) => () => {
  const { state, waiting } = gateway.node.state();
  return state === "live" && waiting === 0;
};

test("the node is born, then tells what is kept by alias, with its time, its unit and its quality", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const gateway = new TestGateway(t, on.url);
  await gateway.start();
  await gateway.keep(1);
  await until("the node is live", live(gateway));
  const told = await gateway.keep(700);
  await gateway.keep(1, 0x8000_0000);
  await until("all is told", () => gateway.node.state().delivered === 702);

  const [first, second] = wire;
  assert.equal(first?.topic, "spBv1.0/Brno/NBIRTH/gw-1");
  assert.deepEqual(
    first.payload.metrics.map(({ name }) => name),
    ["bdSeq", "Node Control/Rebirth"],
  );
  assert.equal(second?.topic, "spBv1.0/Brno/DBIRTH/gw-1/press-1");
  assert.deepEqual(
    second.payload.metrics.map(({ name, alias, datatype }) => [name, alias, datatype]),
    [
      ["force", 1n, 10],
      ["count", 2n, 8],
    ],
  );
  assert.equal(second.payload.metrics[0]?.properties?.get("engUnit")?.value?.value, "kN");
  assert.equal(second.payload.metrics[1]?.isNull, true, "never heard of");
  let expected = -1;
  for (const { topic, payload } of wire) {
    expected = topic.includes("/NBIRTH/") ? 0 : (expected + 1) % 256;
    assert.equal(payload.seq, expected, topic);
  }
  const data = wire.filter(({ topic }) => topic.includes("/DDATA/"));
  assert.ok(data.every(({ payload }) => payload.metrics.length <= 500));
  const present = data
    .flatMap(({ payload }) => payload.metrics)
    .filter(({ alias }) => alias === 1n);
  assert.ok(
    present.every(({ name, historical }) => name === undefined && historical === undefined),
  );
  assert.deepEqual(
    present.slice(-701, -1).map(({ timestampMs, value }) => [timestampMs, value?.value]),
    told.map((ms) => [ms, ms % 100_000]),
  );
  const last = data.at(-1)?.payload.metrics.at(-1);
  assert.equal(last?.isNull, true);
  assert.equal(last.properties?.get("Quality")?.value?.value, 0);
  assert.equal(last.properties.get("StatusCode")?.value?.value, 0x8000_0000);

  // A host that comes later asks for births, and follows from there.
  const listener = scada(t, on, false);
  await until("the host was told the present", () => listener.of(force).length > 0);
  const later = await gateway.keep(600);
  await until("the host has all", () => heardOf(listener, later).all);
  assert.equal(heardOf(listener, later).right, true);
  assert.equal(listener.missing, 0);
});

for (const stored of [true, false]) {
  const what = stored
    ? "what is kept while the broker is away comes as history, each sample at least once and with its time"
    : "control: without store and forward it is lost, and counted";
  test(what, async (t) => {
    const on = await broker(t);
    const listener = scada(t, on, true);
    const gateway = new TestGateway(t, on.url, {
      primaryHost: "scada",
      ...(stored ? {} : { storeAndForwardHours: 0, replayMs: 0 }),
    });
    await gateway.start();
    await until("the node is live", live(gateway));
    const before = await gateway.keep(3);
    await until("the first are told", () => heardOf(listener, before).all);
    await on.cut();
    await until("the node knows", () => gateway.node.state().state === "connecting");
    const away = [...(await gateway.keep(600)), ...(await gateway.keep(600))];
    await until("they are owed", () => gateway.node.state().owed >= 1_203);
    await on.mend();
    await until("the node is live again", live(gateway));
    const after = await gateway.keep(3);
    await until("the last are told", () => heardOf(listener, after).all);
    await until("the broker has proven it", live(gateway));
    const { owed, delivered, lost } = gateway.node.state();
    assert.equal(owed, delivered + lost, "the numbers add up");
    if (stored) {
      assert.deepEqual(
        { ...heardOf(listener, away), live: 0 },
        { all: true, right: true, late: 1_200, live: 0 },
      );
      assert.equal(lost, 0);
    } else {
      // The newest one comes with the birth, as the present value.
      const { late, live: present } = heardOf(listener, away.slice(0, -1));
      assert.deepEqual([late, present], [0, 0]);
      assert.ok(lost >= 1_200, `${lost} lost`);
    }
  });
}

test("what is kept while the primary host is away waits for it, after a kill of the gateway, too", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const first = scada(t, on, true);
  const gateway = new TestGateway(t, on.url, { primaryHost: "scada" });
  await gateway.start();
  await until("the node is live", live(gateway));
  const before = await gateway.keep(3);
  await until("the first are told", () => heardOf(first, before).all);
  await first.kill();
  await until("the node waits", () => gateway.node.state().state === "waiting-for-host");
  assert.ok(
    wire.some(({ topic }) => topic.includes("/NDEATH/")),
    "it says that it goes",
  );
  const births = wire.filter(({ topic }) => topic.includes("/NBIRTH/")).length;
  const away = [...(await gateway.keep(400))];
  await gateway.kill();
  await gateway.start();
  away.push(...(await gateway.keep(400)));
  await until("the node waits", () => gateway.node.state().state === "waiting-for-host");
  assert.equal(wire.filter(({ topic }) => topic.includes("/NBIRTH/")).length, births);
  const second = scada(t, on, true);
  await until("the node is live again", live(gateway));
  await until("all is told", () => heardOf(second, away).all);
  const { late, right } = heardOf(second, away);
  assert.deepEqual([late, right], [800, true]);
  await until("the broker has proven it", live(gateway));
  const { owed, delivered, lost } = gateway.node.state();
  assert.deepEqual([owed - delivered, lost], [0, 0]);

  // Killed while it tells.
  const torn = await gateway.keep(2_000);
  await gateway.kill();
  await gateway.start();
  await until("nothing is missing", () => heardOf(second, torn).all);
  assert.equal(heardOf(second, torn).right, true);
});

test("a host that begins anew without having been away is told again what it may have missed", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const say = (timestamp: number): Promise<void> =>
    on.publish("spBv1.0/STATE/scada", JSON.stringify({ online: true, timestamp }), {
      retain: true,
    });
  const gateway = new TestGateway(t, on.url, { primaryHost: "scada" });
  await gateway.start();
  await until("the node waits", () => gateway.node.state().state === "waiting-for-host");
  await say(1);
  await until("the node is live", live(gateway));
  const told = await gateway.keep(5);
  const times = (): readonly unknown[] =>
    wire
      .filter(({ topic }) => topic.includes("/DDATA/"))
      .flatMap(({ payload }) => payload.metrics.map(({ timestampMs }) => timestampMs));
  await until("they are told", () => times().length === 5);
  await until("the broker has proven it", live(gateway));
  await say(2);
  await until("they are told again", () => times().length === 10);
  assert.deepEqual(times().slice(5), told);
  const again = wire.at(-1)?.payload.metrics ?? [];
  assert.ok(again.length > 0 && again.every(({ historical }) => historical === true));
  await until("the broker has proven it", live(gateway));
  assert.equal(gateway.node.state().owed, 5, "owed once");
});

test("a rebirth is obeyed with the same bdSeq and numbers from 0; writes are refused and counted", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const gateway = new TestGateway(t, on.url);
  await gateway.start();
  await gateway.keep(2);
  await until("the node is live", live(gateway));
  const births = (): readonly Message[] => wire.filter(({ topic }) => topic.includes("/NBIRTH/"));
  assert.equal(births().length, 1);
  const metric = { name: "Node Control/Rebirth", datatype: 11 } as const;
  const asking = encodePayload({
    metrics: [{ ...metric, value: { kind: "boolean", value: true } }],
  });
  await on.publish("spBv1.0/Brno/NCMD/gw-1", asking, { qos: 0 });
  await until("it is born again", () => births().length === 2);
  assert.deepEqual(births()[0]?.payload.metrics[0], births()[1]?.payload.metrics[0]);

  const write = { name: "force", datatype: 10, value: { kind: "double", value: 1 } } as const;
  await on.publish("spBv1.0/Brno/DCMD/gw-1/press-1", encodePayload({ metrics: [write, write] }));
  await on.publish("spBv1.0/Brno/NCMD/gw-1", encodePayload({ metrics: [write] }));
  await on.publish("spBv1.0/Brno/NCMD/gw-1", "not a payload");
  await until("they are refused", () => gateway.node.state().refusedWrites === 4);
  assert.equal(births().length, 2);
});

test("a device that is down is dead for its host, and born again before its next sample", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const gateway = new TestGateway(t, on.url);
  await gateway.start();
  await gateway.keep(1);
  await until("the node is live", live(gateway));
  gateway.state = "down";
  await until("it is dead", () => wire.at(-1)?.topic.includes("/DDEATH/") === true);
  gateway.state = "live";
  await until("it is born", () => wire.at(-1)?.topic.includes("/DBIRTH/") === true);
  await gateway.keep(1);
  await until("it speaks", () => wire.at(-1)?.topic.includes("/DDATA/") === true);
});

test("a planned stop says goodbye, and the next start has the next bdSeq and goes on where it was", async (t) => {
  const on = await broker(t);
  const wire = wireOf(on);
  const gateway = new TestGateway(t, on.url);
  await gateway.start();
  const told = await gateway.keep(5);
  await until("the node is live", live(gateway));
  await until("all is told", () => gateway.node.state().delivered === told.length);
  await gateway.stop();
  const bdSeqs = (verb: string): readonly unknown[] =>
    wire
      .filter(({ topic }) => topic.includes(`/${verb}/`))
      .map(({ payload }) => payload.metrics[0]?.value?.value);
  await until("it said goodbye", () => bdSeqs("NDEATH").length > 0);
  assert.deepEqual(bdSeqs("NDEATH"), [0n]);
  await gateway.start();
  await gateway.keep(1);
  await until("the node is live again", () => gateway.node.state().delivered === 6);
  assert.deepEqual(bdSeqs("NBIRTH"), [0n, 1n]);
  const times = wire
    .filter(({ topic }) => topic.includes("/DDATA/"))
    .flatMap(({ payload }) => payload.metrics.map(({ timestampMs }) => timestampMs));
  assert.equal(times.length, 6, "nothing is told twice after a planned stop");
});
