import assert from "node:assert/strict";
import { test } from "node:test";

import type { NewEvent } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import type {
  ActingRoute,
  AlarmAct,
  AlarmActor,
  AlarmDesk,
  Person,
  RouteCall,
} from "../hand-over.ts";
import { alarmRoutes } from "./alarm-routes.ts";
import type { AlarmsAnswer } from "./page-answers.ts";

interface Acted {
  readonly act: AlarmAct;
  readonly actor: AlarmActor;
}

/** A desk that does everything but shelve, and remembers what it was asked. */
function deskOf(acted: Acted[]): AlarmDesk {
  return {
    raise: () => false,
    clear: () => false,
    act(act, actor) {
      acted.push({ act, actor });
      return Promise.resolve(
        act.act === "shelve" ? { kind: "refused", reason: "not this one" } : { kind: "done" },
      );
    },
    askedAtHub: () => [],
    list: () => [],
    row: () => undefined,
    since: (revision) => ({ revision: revision + 1, rows: [] }),
    counts: () => ({
      ...{ active: [0, 0, 0], unacknowledged: [0, 0, 0], returned: 0, latched: 0, shelved: 0 },
      ...{ suppressed: 0, outOfService: 0, lastTenMinutes: 0, today: 0 },
    }),
    onChanged: () => () => undefined,
  };
}

/** Days begin at 00:01. */
const shifts = { beginMin: [1], timeZone: "UTC" };

const ada: Person = { id: "ada", name: "Ada", role: "technician", device: "panel" };

function callOf(query: Readonly<Record<string, string>> = {}): RouteCall {
  const asked = { header: () => undefined, address: "127.0.0.1", secure: false, local: true };
  return { asked, params: {}, query, signal: new AbortController().signal };
}

function routeOf(book: MemoryEventBook, acted: Acted[] = []): ReturnType<typeof alarmRoutes> {
  return alarmRoutes({ desk: deskOf(acted), book, nowUs: () => 5, shifts });
}

function actRoute(acted: Acted[]): ActingRoute {
  const route = routeOf(new MemoryEventBook(), acted).find(({ kind }) => kind === "act");
  assert(route?.kind === "act");
  return route;
}

test("acknowledging what is visible is one request and one audit entry, in the name of the person", async () => {
  const acted: Acted[] = [];
  const body = {
    acts: ["a", "b"].map((alarm) => ({ act: "acknowledge", alarm, raisedUs: 7 })),
  };
  const answer = await actRoute(acted).act({ ...callOf(), person: ada, body });
  assert.deepEqual(answer.json, { done: 2, refused: [] });
  assert.deepEqual(answer.audit, { act: "alarm.acknowledge", object: "a, b", result: "done" });
  assert.deepEqual(
    acted.map(({ actor }) => actor),
    Array(2).fill({ person: "Ada", supervisor: false }),
  );
});

test("a note stands in the audit book with its words, and is found again by them in the history", async () => {
  const acted: Acted[] = [];
  const body = { acts: [{ act: "note", alarm: "b", text: "Hums at 1,480" }] };
  const answer = await actRoute(acted).act({ ...callOf(), person: ada, body });
  const reason = "Hums at 1,480";
  assert.deepEqual(answer.audit, { act: "alarm.note", object: "b", result: "done", reason });
  const book = new MemoryEventBook();
  const state = "acknowledged" as const;
  const said = { state, priority: 2, message: "hot", raisedUs: 5 } as const;
  await book.keep(
    ["Hums", "Greased"].map((text, at) => ({
      ...{ kind: "alarm", atUs: at, asset: "Pump 1", subject: "b" },
      body: { ...said, transition: "annotated", note: { text, author: "Ada" } },
    })),
  );
  const history = routeOf(book, []).find(({ path }) => path === "/api/alarms/history");
  assert(history?.kind === "look");
  const { json } = await history.look({ ...callOf(), query: { text: "hums" } });
  const { events } = json as { readonly events: readonly { readonly note: object }[] };
  assert.deepEqual(
    events.map(({ note }) => note),
    [{ text: "Hums", author: "Ada" }],
  );
});

test("what was refused is said with its reason, to the person and to the audit book", async () => {
  const acted: Acted[] = [];
  const body = { acts: [{ act: "shelve", alarm: "a", minutes: 5, reason: "noise" }] };
  const boss: Person = { ...ada, role: "engineer" };
  const answer = await actRoute(acted).act({ ...callOf(), person: boss, body });
  assert.deepEqual(answer.json, { done: 0, refused: [{ alarm: "a", reason: "not this one" }] });
  assert.deepEqual(answer.audit, {
    ...{ act: "alarm.shelve", object: "a", result: "refused", reason: "noise" },
    why: "a: not this one",
  });
  assert.equal(acted[0]?.actor.supervisor, true);
});

test("the page learns when the shift ends, and a shelf until then goes to the desk as it was asked", async () => {
  const look = routeOf(new MemoryEventBook()).find(({ path }) => path === "/api/alarms");
  assert(look?.kind === "look");
  const { json } = (await look.look(callOf())) as { readonly json: AlarmsAnswer };
  assert.deepEqual([json.nowUs, json.shiftEndUs], [5, 60_000_000]);
  const acted: Acted[] = [];
  const act = { act: "shelve-until", alarm: "a", untilUs: 60_000_000, reason: "known" };
  const answer = await actRoute(acted).act({ ...callOf(), person: ada, body: { acts: [act] } });
  assert.deepEqual(acted[0]?.act, act);
  assert.deepEqual(answer.audit, {
    ...{ act: "alarm.shelve-until", object: "a", result: "done", reason: "known" },
  });
});

test("shelving until an alarm clears goes to the desk as it was asked, with its reason in the audit book", async () => {
  const acted: Acted[] = [];
  const act = { act: "shelve-until-clear", alarm: "a", reason: "known" };
  const answer = await actRoute(acted).act({ ...callOf(), person: ada, body: { acts: [act] } });
  assert.deepEqual(acted[0]?.act, act);
  assert.deepEqual(answer.audit, {
    ...{ act: "alarm.shelve-until-clear", object: "a", result: "done", reason: "known" },
  });
});

test("a request that makes no sense, mixes acts or names more than a screen holds does nothing", async () => {
  const acted: Acted[] = [];
  const acknowledge = { act: "acknowledge", alarm: "a", raisedUs: 7 };
  for (const body of [
    undefined,
    { acts: [] },
    { acts: [{ act: "delete", alarm: "a" }] },
    { acts: [acknowledge, { act: "reset", alarm: "a" }] },
    { acts: Array(61).fill(acknowledge) },
    { acts: [{ ...acknowledge, more: 1 }] },
  ]) {
    const answer = await actRoute(acted).act({ ...callOf(), person: ada, body });
    assert.equal(answer.status, 400);
    assert.equal(answer.audit, undefined);
  }
  assert.deepEqual(acted, []);
});

test("history is filtered by alarm, priority, time and text, and goes on page by page", async () => {
  const book = new MemoryEventBook();
  const events = Array.from({ length: 450 }, (_, at): NewEvent => {
    const priority = at % 10 === 0 ? 1 : 3;
    return {
      ...{ kind: "alarm", atUs: at, asset: "Pump 1", subject: at % 2 === 0 ? "even" : "odd" },
      body: {
        ...{ transition: "raised", state: "unacknowledged", priority, raisedUs: at },
        message: at === 7 ? "Bearing hot" : "Flow low",
      },
    };
  });
  await book.keep(events);
  const route = routeOf(book).find(({ path }) => path === "/api/alarms/history");
  assert(route?.kind === "look");
  type Page = { readonly events: readonly { readonly atUs: number }[]; readonly before?: number };
  const ask = async (query: Readonly<Record<string, string>>): Promise<Page> =>
    (await route.look(callOf(query))).json as Page;

  const first = await ask({});
  assert.deepEqual([first.events.length, first.events[0]?.atUs], [200, 449]);
  const second = await ask({ before: String(first.before) });
  assert.equal(second.events[0]?.atUs, 249);
  const third = await ask({ before: String(second.before) });
  assert.deepEqual([third.events.length, third.before], [50, undefined]);
  assert.equal((await ask({ alarm: "even", from: "400" })).events.length, 25);
  assert.equal((await ask({ priority: "1", to: "100" })).events.length > 0, true);
  assert.deepEqual(
    (await ask({ text: "bearing", to: "100" })).events.map(({ atUs }) => atUs),
    [7],
  );
  assert.equal((await route.look(callOf({ from: "yesterday" }))).status, 400);
});
