import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import type { LedgerEntry } from "@millwright/wire-contract";

import { decodeHistory, toGaps } from "@millwright/wire-contract/history";

import { addHistoryRoutes } from "./history-routes.ts";
import { PageService, PortTaken } from "./page-server.ts";

const gap: LedgerEntry = {
  number: 3,
  reason: "device unreachable",
  scope: { kind: "gateway" },
  fromUs: 10,
  toUs: 20,
  count: { kind: "exact", samples: 300 },
};

async function newServer(context: TestContext, port = 0): Promise<PageService> {
  const folder = mkdtempSync(join(tmpdir(), "millwright-page-"));
  const server = new PageService({
    name: "page",
    host: "127.0.0.1",
    port,
    folder,
    names: ["panel.plant.example"],
    addRoutes: (app) => {
      addHistoryRoutes(app, "/api/:gateway", (context) => ({
        lines: (tags, { columns }) =>
          Promise.resolve(
            tags.includes("other")
              ? undefined
              : tags.map((tag) => ({
                  tag,
                  tier: "samples" as const,
                  coarser: [],
                  error: 0,
                  gaps: toGaps([gap]),
                  times: Float64Array.of(1, 2),
                  values: Float64Array.of(columns, NaN),
                })),
          ),
        gaps: (tag) =>
          Promise.resolve(context.req.param("gateway") === "gw" && tag === "known" ? [gap] : []),
      }));
    },
  });
  context.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  await server.start();
  return server;
}

test("lines come in the order they were asked for, with their gaps", async (context) => {
  const { url } = await newServer(context);
  const answer = await fetch(`${url}/api/gw/history?tag=known&tag=b&from=0&to=9&columns=7`);
  const lines = decodeHistory(await answer.arrayBuffer());
  assert.deepEqual(
    lines.map(({ tag, times, values }) => [tag, [...times], [...values]]),
    ["known", "b"].map((tag) => [tag, [1, 2], [7, NaN]]),
  );
  assert.deepEqual(lines[1]?.gaps, toGaps([gap]));
});

test("gaps come with reason, time and count, and without what only the ledger needs", async (context) => {
  const { url } = await newServer(context);
  const answer = await fetch(`${url}/api/gw/gaps?tag=known&from=0&to=9`);
  const { reason, fromUs, toUs, count } = gap;
  assert.deepEqual(await answer.json(), [{ reason, fromUs, toUs, count }]);
});

test("a range that cannot be and a tag that is not there are refused in words", async (context) => {
  const { url } = await newServer(context);
  for (const [query, status, words] of [
    ["tag=known&from=9&to=0", 400, /from before to/],
    ["tag=known&from=0&to=9&columns=5000", 400, /1 to 4096/],
    ["tag=known&tag=other&from=0&to=9", 404, /no such tag/],
    ["from=0&to=9", 400, /tag is to be named once to 8 times/],
    [`${"tag=known&".repeat(9)}from=0&to=9`, 400, /once to 8/],
  ] as const) {
    const answer = await fetch(`${url}/api/gw/history?${query}`);
    assert.equal(answer.status, status);
    assert.match(await answer.text(), words);
  }
});

test("a page answers under a name of loopback or of its settings only, and names no other origin", async (context) => {
  const { url } = await newServer(context);
  const statusFor = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request(`${url}/api/gw/gaps?from=0&to=1`, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
  assert.equal(await statusFor("localhost:8080"), 200);
  assert.equal(await statusFor("[::1]"), 200);
  assert.equal(await statusFor("127.0.0.1.attacker.example"), 403);
  assert.equal(await statusFor("plant.example"), 403);
  assert.equal(await statusFor("panel.plant.example"), 200);
  assert.equal(await statusFor("panel.plant.example:8080"), 200);
  assert.equal(await statusFor("panel.plant.example.attacker.example"), 403);
  const answer = await fetch(url);
  assert.equal(answer.status, 503, "a page that is not built says so");
  assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'self'/);
});

test("a port that somebody else has is named, and nothing is left open", async (context) => {
  const first = await newServer(context);
  const port = Number(new URL(first.url).port);
  const second = new PageService({
    name: "page",
    host: "127.0.0.1",
    port,
    folder: tmpdir(),
    addRoutes: () => undefined,
  });
  await assert.rejects(second.start(), PortTaken);
  await second.stop();
  await first.stop();
  assert.equal(new URL((await newServer(context, port)).url).port, String(port));
});

test("requests that come together before anything is loaded are all answered", async (context) => {
  const { url } = await newServer(context);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => fetch(`${url}/api/gw/gaps?tag=known&from=0&to=9`)),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
});

test("a stop while the first request loads what answers closes the port", async (context) => {
  const server = await newServer(context);
  const asked = fetch(server.url).then(
    () => undefined,
    () => undefined,
  );
  await server.stop();
  await asked;
  await assert.rejects(fetch(server.url));
});
