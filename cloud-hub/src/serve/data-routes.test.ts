import assert from "node:assert/strict";
import { test } from "node:test";

import { Fault, PlayedClock, type Clock } from "@millwright/kit";
import { Hono } from "hono";

import type { HistoryExport, HubViews } from "../hub-views.ts";
import { addDataRoutes } from "./data-routes.ts";

type DataViews = Pick<HubViews, "aggregates" | "exportHistory">;

function appOf(views: Partial<DataViews>, clock: Clock = new PlayedClock()): Hono {
  const app = new Hono();
  const refuse = (): Promise<never> => Promise.reject(new Error("must not be asked"));
  addDataRoutes(app, { aggregates: refuse, exportHistory: refuse, ...views }, clock);
  return app;
}

const address = "/api/history/export?gateway=gw&tags=a/b,c&from=1&to=2";

interface PlayedExport extends HistoryExport {
  taken: number;
  closed: number;
}

/** Texts one after the other; an error is thrown in its turn. */
function playedExport(...parts: readonly (string | Error)[]): PlayedExport {
  return {
    kind: "export",
    taken: 0,
    closed: 0,
    next() {
      const part = parts[this.taken++];
      if (part instanceof Error) return Promise.reject(part);
      return Promise.resolve(part === undefined ? undefined : Buffer.from(part));
    },
    close() {
      this.closed++;
      return Promise.resolve();
    },
  };
}

test("an export is sent as it comes, and let go at its end", async () => {
  const made = playedExport("one ", "two");
  const asked: unknown[] = [];
  const app = appOf({
    exportHistory(order) {
      asked.push(order);
      return Promise.resolve(made);
    },
  });
  const response = await app.request(address);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/vnd.apache.parquet");
  assert.equal(response.headers.get("content-disposition"), 'attachment; filename="gw.parquet"');
  assert.equal(await response.text(), "one two");
  assert.deepEqual(asked, [{ gateway: "gw", tags: ["a/b", "c"], fromUs: 1, toUs: 2 }]);
  assert.equal(made.closed, 1);
});

test("an export that cannot be made now is refused with what to do", async () => {
  for (const [why, status] of [
    ["busy", 429],
    ["no-room", 507],
  ] as const) {
    const refused = { kind: "refused", why, reason: "later" } as const;
    const app = appOf({ exportHistory: () => Promise.resolve(refused) });
    const response = await app.request(address);
    assert.equal(response.status, status);
    assert.equal(await response.text(), "later");
    assert.equal(response.headers.has("retry-after"), why === "busy");
  }
});

test("an export that fails before its begin says why, and what to do", async () => {
  class Away extends Fault {
    readonly code = "played.away";
    readonly retry = "soon";
    readonly hint = "Ask again.";
  }
  const app = appOf({ exportHistory: () => Promise.reject(new Away("frames wait")) });
  const response = await app.request(address);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "frames wait. Ask again.");
});

test("an export that breaks off is no whole answer, and is let go", async () => {
  const made = playedExport("one", new Error("the disk is full"));
  const app = appOf({ exportHistory: () => Promise.resolve(made) });
  const response = await app.request(address);
  await assert.rejects(response.text(), /the disk is full/);
  assert.equal(made.closed, 1);
});

test("an export that nobody waits for any more is let go, and makes nothing ahead", async () => {
  const made = playedExport("one", "two", "three");
  const app = appOf({ exportHistory: () => Promise.resolve(made) });
  const reader = (await app.request(address)).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  assert.equal(made.taken, 1);
  assert.equal(made.closed, 1);
});

test("an export that is not taken for two minutes gives its place to others", async () => {
  const clock = new PlayedClock();
  const made = playedExport("one", "two", "three");
  const app = appOf({ exportHistory: () => Promise.resolve(made) }, clock);
  const reader = (await app.request(address)).body?.getReader();
  await reader?.read();
  await clock.advance(119_000);
  await reader?.read();
  await clock.advance(119_000);
  assert.equal(made.closed, 0);
  await clock.advance(1_000);
  assert.equal(made.closed, 1);
  await assert.rejects(async () => reader?.read(), /not taken/);
});

test("what cannot be understood is refused in words", async () => {
  const app = appOf({});
  for (const [wrong, words] of [
    ["/api/history/export?gateway=gw&tags=a&from=2&to=1", /from before to/],
    ["/api/history/export?gateway=gw&from=1&to=2", /tags/],
    ["/api/gateways/gw/aggregates?tag=a&from=x&to=2", /whole µs/],
    ["/api/gateways/gw/aggregates?tag=a&from=1&to=2&width=1d", /1m or 1h/],
  ] as const) {
    const response = await app.request(wrong);
    assert.equal(response.status, 400, wrong);
    assert.match(await response.text(), words);
  }
});

test("aggregates are asked for in the width that was named, minutes when none was", async () => {
  const asked: string[] = [];
  const app = appOf({
    aggregates(_gateway, tag, _fromUs, _toUs, width) {
      asked.push(`${tag} ${width}`);
      return Promise.resolve([]);
    },
  });
  await app.request("/api/gateways/gw/aggregates?tag=a&from=1&to=2");
  await app.request("/api/gateways/gw/aggregates?tag=a&from=1&to=2&width=1h");
  assert.deepEqual(asked, ["a 1m", "a 1h"]);
});
