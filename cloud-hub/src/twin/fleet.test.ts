import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { Beat, GatewayId, GatewayRow } from "@millwright/wire-contract";

import { MemoryStore } from "../ingest/store-memory.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { intakeOf } from "../ingest/test-store-rig.ts";
import { Fleet } from "./fleet.ts";

const one = new TestGateway("gw");
const { gateway } = one;
const hello = { ...one.hello(), hmi: "http://10.0.0.1/" };
const beat: Beat = {
  version: 1,
  gateway,
  nowUs: 0,
  devices: [],
  waitingFrames: 0,
  waitingSamples: 0,
  oldestWaitingMs: 0,
  unexplained: 0,
  stopping: false,
};

interface Rig {
  readonly clock: PlayedClock;
  readonly fleet: Fleet;
  readonly row: () => GatewayRow | undefined;
}

function rig(): Rig {
  const clock = new PlayedClock();
  const reader = new MemoryStore(seededRandom(1));
  const fleet = new Fleet({ reader, clock, log: silentLog });
  fleet.greet(hello, clock.nowUs(), false);
  fleet.beat(gateway, beat, clock.nowUs());
  return { clock, fleet, row: () => fleet.rows(() => 0)[0] };
}

test("of two gateways with one name the row is that of the one that has it, and tells of the other", () => {
  const { clock, fleet, row } = rig();
  assert.equal(row()?.copy, undefined);
  const told: string[] = [];
  fleet.onState((of) => told.push(of));
  const sinceUs = clock.nowUs();
  fleet.greet({ ...hello, name: "Copy", hmi: "http://10.0.0.2/" }, sinceUs, true);
  fleet.beat(gateway, { ...beat, fenced: true, waitingSamples: 99 }, sinceUs + 1e6);
  assert.deepEqual(row()?.copy, { sinceUs, hmi: "http://10.0.0.2/" });
  assert.equal(row()?.name, hello.name);
  assert.equal(row()?.waitingSamples, 0);
  assert.equal(row()?.hmi, "http://10.0.0.1/");
  assert.deepEqual(told, [gateway]);
  assert.equal(row()?.unexplained, 0);
  fleet.beat(gateway, { ...beat, fenced: true, unexplained: 3 }, sinceUs + 2e6);
  assert.equal(row()?.unexplained, 3);
  assert.equal(told.length, 2);
});

test("a hub that began later hears of two by the beats of the other alone", () => {
  const { clock, fleet, row } = rig();
  fleet.beat(gateway, { ...beat, fenced: true }, clock.nowUs());
  assert.equal(row()?.copy?.hmi, "");
});

test("the other is gone once it has said that it stops, or was quiet for half a minute", async () => {
  const { clock, fleet, row } = rig();
  fleet.beat(gateway, { ...beat, fenced: true }, clock.nowUs());
  fleet.beat(gateway, { ...beat, fenced: true, stopping: true }, clock.nowUs());
  assert.equal(row()?.copy, undefined);
  assert.equal(row()?.presence, "reporting");

  const ended = new AbortController();
  const watching = fleet.watch(ended.signal);
  fleet.beat(gateway, { ...beat, fenced: true }, clock.nowUs());
  await clock.advance(29_000);
  assert.notEqual(row()?.copy, undefined);
  await clock.advance(3_000);
  assert.equal(row()?.copy, undefined);
  ended.abort();
  await clock.advance(1_000);
  await watching;
});

test("what has changed of many gateways is one question", async () => {
  const { clock } = rig();
  const asked: (readonly GatewayId[] | undefined)[] = [];
  const store = new MemoryStore(seededRandom(1));
  const reader = {
    gateways: (named?: readonly GatewayId[]) => {
      asked.push(named);
      return store.gateways(named);
    },
  };
  const fleet = new Fleet({ reader, clock, log: silentLog });
  const many = Array.from({ length: 300 }, (_, at) => new TestGateway(`gw-${at}`));
  for (const { gateway: named } of many) fleet.touched(named);
  const [first] = many;
  assert.ok(first !== undefined);
  await store.takeIn(intakeOf(first, [first.samples([[0, 1, 1]])]));
  const ended = new AbortController();
  const watching = fleet.watch(ended.signal);
  await clock.advance(1_000);
  assert.deepEqual(asked, [many.map(({ gateway: named }) => named)]);
  assert.equal(fleet.known(first.gateway)?.balance.stored, 1);
  await clock.advance(5_000);
  assert.equal(asked.length, 1);
  ended.abort();
  await watching;
});

test("the row says what sets the clock of the gateway, and how far it was from the hub's", () => {
  const { clock, fleet, row } = rig();
  assert.equal(row()?.clock, undefined);
  const nowUs = clock.nowUs();
  fleet.beat(gateway, { ...beat, clock: "unset", nowUs: nowUs - 3_600_000_000 }, nowUs);
  assert.deepEqual(row()?.clock, { state: "unset", aheadMs: -3_600_000 });
});

/** A fleet that changes each second, and when its counts are read, each time in so many ms. */
async function readTimes(
  context: TestContext,
  tookMs: number,
  seconds: number,
  answers = true,
): Promise<readonly number[]> {
  const clock = new PlayedClock();
  const store = new MemoryStore(seededRandom(1));
  const readAtMs: number[] = [];
  const reader = {
    async gateways(named?: readonly GatewayId[]) {
      readAtMs.push(clock.monotonicMs());
      await clock.sleep(tookMs, new AbortController().signal);
      if (!answers) throw new Error("timeout exceeded when trying to connect");
      return store.gateways(named);
    },
  };
  const fleet = new Fleet({ reader, clock, log: silentLog });
  const ended = new AbortController();
  const watching = fleet.watch(ended.signal);
  for (let second = 0; second < seconds; second++) {
    fleet.touched(gateway);
    await clock.advance(1_000);
  }
  context.after(async () => {
    ended.abort();
    // It may be reading.
    await clock.advance(tookMs);
    await watching;
  });
  return readAtMs;
}

test("counts that take long to read are read seldom: nine parts of the time are left to others", async (context) => {
  const [first = NaN, next = NaN] = await readTimes(context, 500, 12);
  assert.equal(first, 1_000);
  assert.ok(next >= first + 500 + 9 * 500, `read again at ${next} ms`);
  assert.ok(next < first + 500 + 9 * 500 + 2_000, `read again at ${next} ms`);
});

test("counts are old by half a minute at most after a database that has not answered", async (context) => {
  const [first = NaN, next = NaN] = await readTimes(context, 10_000, 50, false);
  assert.ok(next < first + 10_000 + 30_000 + 2_000, `read again at ${next} ms`);
});

test("a gateway that is silent is told while a database does not answer", async () => {
  const clock = new PlayedClock();
  const ended = new AbortController();
  const asked: string[] = [];
  const reader = {
    async gateways(named?: readonly GatewayId[]) {
      asked.push(...(named ?? []));
      await clock.sleep(3_600_000, ended.signal).catch(() => undefined);
      return [];
    },
  };
  const fleet = new Fleet({ reader, clock, log: silentLog });
  fleet.greet(hello, clock.nowUs(), false);
  fleet.beat(gateway, beat, clock.nowUs());
  const watching = fleet.watch(ended.signal);
  const told: string[] = [];
  fleet.onState((of) => told.push(of));
  await clock.advance(40_000);
  assert.deepEqual(asked, [gateway]);
  assert.deepEqual(told, [gateway]);
  assert.equal(fleet.rows(() => 0)[0]?.presence, "silent");
  ended.abort();
  await clock.advance(1_000);
  await watching;
});
