import assert from "node:assert/strict";
import { test } from "node:test";

import type { ActingRoute, ConnectionFindings, ConnectionTest } from "../hand-over.ts";
import { connectionRoutes } from "./connection-routes.ts";

function press(test: ConnectionTest | undefined): ReturnType<ActingRoute["act"]> {
  const [route] = connectionRoutes(test);
  assert.ok(route?.kind === "act" && route.role === "technician");
  return route.act({
    ...{ params: {}, query: {}, signal: new AbortController().signal, body: {} },
    person: { id: "olga", name: "Olga", role: "technician", device: "terminal" },
    asked: { header: () => undefined, address: "::1", secure: false, local: true },
  });
}

function finding(found: ConnectionFindings): ConnectionTest {
  return { url: "nats://hub:4222", run: () => Promise.resolve(found) };
}

test("what was found is answered and audited: that it was tried, and where the way ends", async () => {
  const about = { act: "connection.test", object: "nats://hub:4222" };
  const passed = {
    steps: [{ step: "tcp", outcome: "passed", found: "reached", tookMs: 1 }],
  } as const;
  const open = await press(finding(passed));
  assert.deepEqual(open, { json: passed, audit: { ...about, result: "done" } });
  const failed = {
    steps: [{ step: "tcp", outcome: "failed", found: "nothing listens", tookMs: 1 }],
    hint: "start it",
  } as const;
  const closed = await press(finding(failed));
  assert.deepEqual(closed, {
    json: failed,
    audit: { ...about, result: "failed", why: "tcp: nothing listens" },
  });
});

test("without a hub, and while another test is under way, it is refused with the reason", async () => {
  const without = await press(undefined);
  assert.equal(without.status, 409);
  assert.deepEqual(without.json, { reason: "the settings of this gateway name no hub" });
  assert.equal(without.audit?.result, "refused");
  const reason = "a test of the connection is under way";
  const second = await press({
    url: "nats://hub:4222",
    run: () => Promise.resolve({ kind: "refused", reason }),
  });
  assert.deepEqual([second.status, second.json], [409, { reason }]);
  assert.equal(second.audit?.why, reason);
});
