import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { Hono } from "hono";

import type { AlarmLoad, AlarmsNow, EventPage } from "../event-views.ts";
import { MemoryStore } from "../ingest/store-memory.ts";
import { testAlarm, testEvent } from "../ingest/test-events.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { intakeOf } from "../ingest/test-store-rig.ts";
import { addEventRoutes } from "../serve/event-routes.ts";
import { EventDesk } from "./event-desk.ts";

const hourUs = 3_600_000_000;

interface Rig {
  readonly store: MemoryStore;
  readonly clock: PlayedClock;
  readonly app: Hono;
  readonly desk: EventDesk;
  readonly get: <T>(path: string) => Promise<T>;
}

function newRig(
  gateways: readonly { readonly gateway: string; readonly site: string }[] = [],
): Rig {
  const store = new MemoryStore(seededRandom("events"));
  const clock = new PlayedClock();
  const desk = new EventDesk({
    reader: store,
    expire: () => Promise.resolve(0),
    keepDays: 3_650,
    gateways: () => gateways,
    clock,
    log: silentLog,
  });
  const app = new Hono();
  addEventRoutes(app, () => desk);
  const get = async <T>(path: string): Promise<T> => {
    const response = await app.request(path);
    assert.equal(response.status, 200, path);
    return (await response.json()) as T;
  };
  return { store, clock, app, desk, get };
}

test("pages of events follow each other through the address, and name the next", async () => {
  const { store, get } = newRig();
  const gateway = new TestGateway("gw-1");
  const lines = Array.from({ length: 7 }, (_, at) => testEvent(at + 1, `c-${at}`));
  const strange = { ...testEvent(8, "x"), kind: 99 };
  await store.takeIn(intakeOf(gateway, [gateway.events([...lines, strange])]));
  const numbers: number[] = [];
  let page = await get<EventPage>("/api/events?kind=command&max=3");
  for (;;) {
    numbers.push(...page.events.map(({ number }) => number));
    if (page.next === undefined) break;
    page = await get<EventPage>(`/api/events?kind=command&max=3&after=${page.next}`);
  }
  assert.deepEqual(numbers, [7, 6, 5, 4, 3, 2, 1]);
  const all = await get<EventPage>("/api/events");
  assert.equal(all.events.length, 7, "what this hub does not know is passed over");
  const [first] = all.events;
  assert.equal(first?.gateway, "gw-1");
  assert.deepEqual(first.body, { outcome: "confirmed" });
  const narrow = await get<EventPage>("/api/events?gateway=gw-1,gw-2&subject=c-2&asset=Pump%201");
  assert.deepEqual(
    narrow.events.map(({ number }) => number),
    [3],
  );
});

test("what cannot be understood is refused in words", async () => {
  const { app } = newRig();
  for (const [path, words] of [
    ["/api/events?kind=alert", /kind is one of alarm, episode/],
    ["/api/events?from=yesterday", /whole µs/],
    ["/api/events?max=0", /1 to 1000/],
    ["/api/events?after=7", /named as next/],
    ["/api/events.csv?to=x", /whole µs/],
    ["/api/alarms/load?days=2", /1, 7, 30/],
  ] as const) {
    const response = await app.request(path);
    assert.equal(response.status, 400, path);
    assert.match(await response.text(), words);
  }
});

test("a spreadsheet that opens the events runs nothing of what they say", async () => {
  const { store, app } = newRig();
  const gateway = new TestGateway("gw-1");
  const body = {
    transition: "raised",
    state: "unacknowledged",
    priority: 1,
    message: '=HYPERLINK("http://x";"y")',
    raisedUs: 0,
    value: -5,
    reason: "+cmd, and\nmore",
  };
  const line = {
    ...testEvent(1, "@alarm", "alarm", body),
    asset: "-Press",
    atUs: 1_800_000_000_000_007,
  };
  await store.takeIn(intakeOf(gateway, [gateway.events([line])]));
  const response = await app.request("/api/events.csv");
  assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
  const [head, ...rows] = (await response.text()).split("\r\n");
  assert.match(head ?? "", /^time,gateway,number,kind,asset,subject,what,state,priority,message,/);
  const row = rows.join("\r\n");
  assert.ok(
    row.startsWith(
      `2027-01-15T08:00:00.000007Z,gw-1,1,alarm,'-Press,'@alarm,raised,unacknowledged,1,"'=HYPERLINK(""http://x"";""y"")",,-5,,,,"'+cmd, and\nmore",`,
    ),
    row,
  );
});

test("the alarms of now are the worst first, and what does not read as an alarm is left out", async () => {
  const { store, get } = newRig();
  const gateway = new TestGateway("gw-1");
  const alarm = (
    number: number,
    id: string,
    state: string,
    priority: number,
    raisedUs: number,
  ): ReturnType<typeof testEvent> =>
    testEvent(number, id, "alarm", {
      transition: "raised",
      state,
      priority,
      raisedUs,
      message: `${id} is high`,
    });
  const lines = [
    alarm(1, "low", "unacknowledged", 3, 10),
    alarm(2, "seen", "acknowledged", 1, 30),
    alarm(3, "urgent", "unacknowledged", 1, 20),
    alarm(4, "newer", "unacknowledged", 3, 40),
    alarm(5, "gone", "normal", 1, 50),
    alarm(6, "strange", "exploded", 1, 60),
  ];
  await store.takeIn(intakeOf(gateway, [gateway.events(lines)]));
  const { alarms, more } = await get<AlarmsNow>("/api/alarms");
  assert.deepEqual(
    alarms.map(({ alarm: id }) => id),
    ["urgent", "newer", "low", "seen"],
  );
  assert.equal(more, false);
  assert.equal(alarms[0]?.event.message, "urgent is high");
});

test("charts get the alarms and episodes of one gateway, and what does not read as one is left out", async () => {
  const { store, desk } = newRig();
  const gateway = new TestGateway("gw-1");
  const beganUs = 1_800_000_000_000_000;
  const begun = { beginUs: beganUs, class: "drift", contributions: [{ tag: "p/1" }] };
  const lines = [
    testAlarm(1, "hot", "unacknowledged"),
    testAlarm(2, "cold", "unacknowledged"),
    testAlarm(3, "cold", "returned"),
    { ...testEvent(4, "strange", "alarm", { state: "exploded" }) },
    testEvent(5, "e-1", "episode", begun),
    testEvent(6, "e-2", "episode", { beginUs: "yesterday" }),
    testEvent(7, "c-1"),
  ];
  await store.takeIn(intakeOf(gateway, [gateway.events(lines)]));
  const other = new TestGateway("gw-2");
  await store.takeIn(intakeOf(other, [other.events([testAlarm(1, "far", "unacknowledged")])]));
  const told = async (kind: "alarm" | "episode", toUs: number, max = 9): Promise<unknown> =>
    (await desk.marked("gw-1", kind, { toUs }, max)).map(({ subject }) => subject);
  assert.deepEqual(await told("alarm", beganUs + 9e6), ["cold", "cold", "hot"]);
  assert.deepEqual(await told("alarm", beganUs + 2e6, 1), ["cold"]);
  assert.deepEqual(await told("episode", beganUs + 9e6), ["e-1"]);
  const lasting = await desk.lasting("gw-1");
  assert.deepEqual(
    lasting.map(({ subject }) => subject),
    ["hot"],
    "what has returned does not last",
  );
});

test("the load is reckoned for the fleet, each site and each gateway, with what stood before", async () => {
  const { store, clock, get } = newRig([
    { gateway: "gw-1", site: "Brno" },
    { gateway: "gw-2", site: "Brno" },
    { gateway: "gw-quiet", site: "Graz" },
  ]);
  const nowUs = clock.nowUs();
  const [one, two] = [new TestGateway("gw-1"), new TestGateway("gw-2")];
  const standing = testEvent(1, "stuck", "alarm", {
    transition: "raised",
    state: "unacknowledged",
    priority: 2,
    message: "stuck",
    raisedUs: nowUs - 60 * hourUs,
  });
  const storm = Array.from({ length: 12 }, (_, at) => {
    const atUs = nowUs - hourUs + at * 1_000_000;
    const body = {
      transition: "raised",
      state: "unacknowledged",
      priority: 1,
      message: "x",
      raisedUs: atUs,
    };
    return { ...testEvent(at + 2, `a-${at}`, "alarm", body), atUs };
  });
  await store.takeIn(
    intakeOf(one, [one.events([{ ...standing, atUs: nowUs - 60 * hourUs }, ...storm])]),
  );
  await store.takeIn(
    intakeOf(two, [two.events([testAlarm(1, "late", "normal", { atUs: nowUs - 5e6 })])]),
  );
  const load = await get<AlarmLoad>("/api/alarms/load?days=1");
  assert.deepEqual(
    load.gateways.map(({ name, kpis }) => [name, kpis.alarms, kpis.standing, kpis.floods]),
    [
      ["gw-1", 12, 1, 1],
      ["gw-2", 0, 0, 0],
      ["gw-quiet", 0, 0, 0],
    ],
  );
  assert.deepEqual(
    load.sites.map(({ name, gateways, kpis }) => [name, gateways, kpis.perOperatorPerDay]),
    [
      ["Brno", 2, 6],
      ["Graz", 1, 0],
    ],
  );
  assert.equal(load.fleet.kpis.alarms, 12);
  assert.equal(load.fleet.kpis.peakInTenMinutes, 12);
  assert.equal(load.fleet.gateways, 3);
  assert.equal(load.shortened, false);
});
