import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import { RuleService } from "../decide/rules/rule-service.ts";
import { plantOf, ruleBook } from "../decide/rules/test-rules.ts";
import type { ActingRoute, Role } from "../hand-over.ts";
import { ruleRoutes } from "./rule-routes.ts";

type Answer = Awaited<ReturnType<ActingRoute["act"]>>;

/** Asks a route as somebody, with a gateway of two rules behind it. */
async function start(
  t: TestContext,
): Promise<(verb: string, id: string, role: Role, body: unknown) => Promise<Answer>> {
  const clock = new PlayedClock();
  const rules = new RuleService({
    book: ruleBook(
      plantOf({ temp: "float64" }),
      `
- { id: R-1, version: 1, title: a, inputs: { t: temp }, when: t > 1.0, pausedBy: technician, then: [{ notify: x }] }
- { id: R-2, version: 1, title: b, inputs: { t: temp }, when: t > 1.0, then: [{ notify: x }] }
`,
    ),
    ...{ clock, log: silentLog, events: new MemoryEventBook(), tagCount: 1 },
    ...{ deviceOf: () => "plc", capture: () => undefined },
    commands: { submit: () => Promise.reject(new Error("no rule writes")) },
    alarms: {
      raise: () => false,
      clear: () => false,
      row: () => undefined,
      onChanged: () => () => undefined,
    },
    episodes: { health: () => undefined, episodes: () => [], onChanged: () => () => undefined },
  });
  await rules.start();
  t.after(async () => {
    await rules.stop(AbortSignal.timeout(1_000));
  });
  const routes = ruleRoutes(rules);
  return async (verb, id, role, body) => {
    const route = routes.find((each) => each.path === `/api/rules/:id/${verb}`);
    assert.ok(route?.kind === "act");
    const answer = route.act({
      ...{ params: { id }, query: {}, signal: new AbortController().signal, body },
      person: { id: "olga", name: "Olga", role, device: "terminal" },
      asked: { header: () => undefined, address: "::1", secure: false, local: true },
    });
    await clock.advance(10);
    return await answer;
  };
}

test("a rule is paused by those whom it allows, with a reason, and that is audited", async (t) => {
  const ask = await start(t);
  const body = { minutes: 10, reason: "test run" };
  const done = await ask("pause", "R-1", "technician", body);
  assert.equal(done.status, undefined);
  assert.equal(done.audit?.result, "done");
  assert.equal(done.audit.after, "paused for 10 min");
  const refused = await ask("pause", "R-2", "technician", body);
  assert.equal(refused.status, 409);
  assert.equal(refused.audit?.result, "refused");
  assert.equal((await ask("pause", "R-2", "supervisor", body)).status, undefined);
  assert.equal((await ask("resume", "R-1", "technician", undefined)).audit?.result, "done");
});

test("a question that is none is answered with what is wrong, and audits nothing", async (t) => {
  const ask = await start(t);
  const wrong = await ask("pause", "R-1", "technician", { minutes: "ten" });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.audit, undefined);
  assert.equal((await ask("pause", "R-9", "technician", {})).status, 404);
  assert.equal((await ask("reset", "R-9", "technician", undefined)).status, 404);
  assert.equal((await ask("reset", "R-1", "technician", undefined)).status, 409);
});
