import assert from "node:assert/strict";
import { test } from "node:test";

import { Hono } from "hono";

import type { OrderBoard, OrderKind, OrderView, OrderWish } from "../order-views.ts";
import { addOrderRoutes } from "./order-routes.ts";

function appOf(asked: OrderWish[]): Hono {
  const refuse = (): Promise<never> => Promise.reject(new Error("must not be asked"));
  const board: OrderBoard = {
    ...{ list: refuse, cancel: refuse, ledger: refuse },
    // eslint-disable-next-line @typescript-eslint/require-await -- as what reads a database
    async *ledgerCsv(gateway, fromUs, toUs) {
      yield `of,from,to\r\n`;
      yield `${gateway},${fromUs},${toUs}\r\n`;
    },
    ask(_gateway, _kind, wish) {
      asked.push(wish);
      return Promise.resolve({ kind: "refused", reason: "the gateway is new" });
    },
  };
  const app = new Hono();
  addOrderRoutes(app, () => board);
  return app;
}

const address = "/api/gateways/gw/repairs";
const json = { "content-type": "application/json" };

test("an order is asked with what it leaves out, and its refusal is said", async () => {
  const asked: OrderWish[] = [];
  const body = JSON.stringify({ tags: ["a", "a"], fromUs: 1, toUs: 2 });
  const headers = { ...json, "content-length": String(body.length) };
  const answer = await appOf(asked).request(address, { method: "POST", headers, body });
  assert.deepEqual([answer.status, await answer.text()], [409, "the gateway is new"]);
  assert.deepEqual(asked, [
    {
      ...{ tags: ["a"], fromUs: 1, toUs: 2 },
      ...{ resolution: "samples", source: "gateway", kbitPerS: 4_000 },
    },
  ]);
});

test("repairs and recordings are asked, listed and cancelled by the gateway and the kind in their address", async () => {
  const asked: string[] = [];
  const note = (act: string, gateway: string, kind: OrderKind, what: unknown): void => {
    asked.push(`${act} ${kind} of ${gateway}: ${JSON.stringify(what)}`);
  };
  const app = new Hono();
  addOrderRoutes(app, () => ({
    list(gateway, kind) {
      note("list", gateway, kind, null);
      return Promise.resolve([]);
    },
    ask(gateway, kind, wish) {
      note("ask", gateway, kind, wish.tags);
      return Promise.resolve({ id: 7, ...wish } as OrderView);
    },
    cancel(gateway, kind, id) {
      note("cancel", gateway, kind, id);
      return Promise.resolve(id === 7);
    },
    ledger: () => Promise.resolve([]),
    // eslint-disable-next-line @typescript-eslint/require-await -- as what reads a database
    async *ledgerCsv() {
      yield "";
    },
  }));
  const body = JSON.stringify({ tags: ["a", "b"], fromUs: 1, toUs: 2 });
  const headers = { ...json, "content-length": String(body.length) };
  const statuses: number[] = [];
  for (const path of ["repairs", "recordings"]) {
    const base = `/api/gateways/line%201/${path}`;
    const answers = [
      await app.request(base, { method: "POST", headers, body }),
      await app.request(base),
      await app.request(`${base}/7`, { method: "DELETE" }),
      await app.request(`${base}/8`, { method: "DELETE" }),
      await app.request(`${base}/all`, { method: "DELETE" }),
    ];
    statuses.push(...answers.map(({ status }) => status));
    assert.equal(await answers[4]?.text(), "there is no such order to cancel");
  }
  assert.deepEqual(statuses, [201, 200, 204, 404, 404, 201, 200, 204, 404, 404]);
  assert.deepEqual(
    asked,
    ["repair", "recording"].flatMap((kind) => [
      `ask ${kind} of line 1: ["a","b"]`,
      `list ${kind} of line 1: null`,
      `cancel ${kind} of line 1: 7`,
      `cancel ${kind} of line 1: 8`,
    ]),
  );
});

test("a body that is too long, or does not say how long it is, is refused before it is read", async () => {
  for (const length of [undefined, "100001", "1e9", "many"]) {
    let read = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          read++;
          controller.enqueue(new Uint8Array(1_000));
          if (read === 1_000) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { ...json, ...(length === undefined ? {} : { "content-length": length }) };
    const request = { method: "POST", headers, body, duplex: "half" } as const;
    const answer = await appOf([]).request(address, request);
    assert.equal(answer.status, 413);
    assert.match(await answer.text(), /at most 100000 bytes/);
    assert.equal(read, 0);
  }
});

test("what is no order, or not said to be one, is refused in words", async () => {
  const post = async (body: string, type: string): Promise<readonly [number, string]> => {
    const headers = { "content-type": type, "content-length": String(body.length) };
    const answer = await appOf([]).request(address, { method: "POST", headers, body });
    return [answer.status, await answer.text()];
  };
  const order = JSON.stringify({ tags: ["a"], fromUs: 2, toUs: 1 });
  assert.deepEqual(await post(order, "text/plain"), [
    415,
    "the body is JSON, and its Content-Type says so",
  ]);
  assert.deepEqual(await post(order, json["content-type"]), [
    400,
    "order: fromUs is not before toUs",
  ]);
  assert.deepEqual(await post("{", json["content-type"]), [400, "order is not JSON"]);
  const [status, words] = await post('{"tags":[""],"fromUs":1,"toUs":2}', json["content-type"]);
  assert.deepEqual([status, words], [400, "order: tags.0: no tag id"]);
});

test("the ledger of a time is a file, and a time that cannot be is refused", async () => {
  const app = appOf([]);
  const answer = await app.request("/api/gateways/gw/ledger.csv?from=1&to=9");
  assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(await answer.text(), "of,from,to\r\ngw,1,9\r\n");
  assert.equal((await app.request("/api/gateways/gw/ledger.csv?from=9&to=1")).status, 400);
});
