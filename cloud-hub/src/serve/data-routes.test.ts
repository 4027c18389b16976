import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";
import { addDataRoutes } from "./data-routes.ts";

type DataViews = Pick<HubViews, "aggregates" | "exportHistory">;

function appOf(views: Partial<DataViews>): Hono {
  const app = new Hono();
  const refuse = (): Promise<never> => Promise.reject(new Error("must not be asked"));
  addDataRoutes(app, { aggregates: refuse, exportHistory: refuse, ...views });
  return app;
}

test("an export is sent as a file, whose name is gone afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millwright-export-"));
  const path = join(folder, "export.parquet");
  const app = appOf({
    exportHistory(gateway, tags, fromUs, toUs) {
      writeFileSync(path, JSON.stringify([gateway, tags, fromUs, toUs]));
      return Promise.resolve(path);
    },
  });
  const response = await app.request("/api/history/export?gateway=gw&tags=a/b,c&from=1&to=2");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/vnd.apache.parquet");
  assert.equal(await response.text(), '["gw",["a/b","c"],1,2]');
  assert.ok(!existsSync(path));
  rmSync(folder, { recursive: true });
});

test("what cannot be understood is refused in words", async () => {
  const app = appOf({});
  for (const [address, words] of [
    ["/api/history/export?gateway=gw&tags=a&from=2&to=1", /from before to/],
    ["/api/history/export?gateway=gw&from=1&to=2", /tags/],
    ["/api/gateways/gw/aggregates?tag=a&from=x&to=2", /whole µs/],
    ["/api/gateways/gw/aggregates?tag=a&from=1&to=2&width=1d", /1m or 1h/],
  ] as const) {
    const response = await app.request(address);
    assert.equal(response.status, 400, address);
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
