import assert from "node:assert/strict";
import { test } from "node:test";

import { Hono } from "hono";

import type { SavedView, SavedViewBoard, SeenView, ViewRefused, ViewWish } from "../saved-view.ts";
import { addSavedViewRoutes } from "./saved-view-routes.ts";

const wish: ViewWish = {
  ...{ name: "Bearings", person: "Ada Novak", chart: "24h" },
  tags: [{ gateway: "gw-1", tag: "press-4/temp" }],
};
const view: SavedView = { ...wish, id: 7, version: 2, savedUs: 1_000 };

interface Asked {
  readonly what: string;
  readonly seen?: SeenView;
  readonly wish?: ViewWish;
  readonly person?: string;
}

/** Answers each question with the same, and notes it. */
function appOf(answer: SavedView | ViewRefused, asked: Asked[] = []): Hono {
  const board: SavedViewBoard = {
    list: () => Promise.resolve({ views: [{ ...view, gone: [] }], most: 500 }),
    save(wish) {
      asked.push({ what: "save", wish });
      return Promise.resolve(answer);
    },
    replace(seen, wish) {
      asked.push({ what: "replace", seen, wish });
      return Promise.resolve(answer);
    },
    remove(seen, person) {
      asked.push({ what: "remove", seen, person });
      return Promise.resolve(answer);
    },
  };
  const app = new Hono();
  addSavedViewRoutes(app, () => board);
  return app;
}

const address = "/api/saved-views";

function send(
  app: Hono,
  method: string,
  place: string,
  body: unknown,
  type = "application/json",
): Response | Promise<Response> {
  const text = JSON.stringify(body);
  const headers = { "content-type": type, "content-length": String(Buffer.byteLength(text)) };
  return app.request(place, { method, headers, body: text });
}

test("a view is saved, listed, saved over and deleted, each with what somebody has seen of it", async () => {
  const asked: Asked[] = [];
  const app = appOf(view, asked);
  assert.equal((await send(app, "POST", address, wish)).status, 201);
  const list = await app.request(address);
  assert.deepEqual(await list.json(), { views: [{ ...view, gone: [] }], most: 500 });
  const put = await send(app, "PUT", `${address}/7`, { ...wish, version: 2 });
  assert.deepEqual([put.status, await put.json()], [200, view]);
  const gone = await app.request(`${address}/7?version=2&person=Ada%20Novak`, { method: "DELETE" });
  assert.equal(gone.status, 200);
  assert.deepEqual(asked, [
    { what: "save", wish },
    { what: "replace", seen: { id: 7, version: 2 }, wish },
    { what: "remove", seen: { id: 7, version: 2 }, person: "Ada Novak" },
  ]);
});

test("a refusal says why, and what is there instead", async () => {
  const reason = '"Bearings" was saved by Tomáš since';
  const changed = appOf({ kind: "refused", cause: "changed", reason, view });
  const put = await send(changed, "PUT", `${address}/7`, { ...wish, version: 1 });
  assert.deepEqual([put.status, await put.json()], [409, { cause: "changed", reason, view }]);
  const gone = appOf({ kind: "refused", cause: "gone", reason: "this view was deleted" });
  const place = `${address}/seven?version=1&person=Ada`;
  const answer = await gone.request(place, { method: "DELETE" });
  assert.equal(answer.status, 404);
});

test("names are one line in its plain form, and people's as well", async () => {
  const asked: Asked[] = [];
  const app = appOf(view, asked);
  const name = "  O\u0308fen \n 4 ";
  await send(app, "POST", address, { ...wish, name, person: " Ada\tNovak " });
  assert.equal(asked[0]?.wish?.name, "\u00d6fen 4");
  assert.equal(asked[0].wish.person, "Ada Novak");
});

test("what is no view, too long, or not said to be one, is refused in words and not asked for", async () => {
  const asked: Asked[] = [];
  const app = appOf(view, asked);
  const refusal = async (change: object): Promise<string> => {
    const answer = await send(app, "POST", address, { ...wish, ...change });
    assert.equal(answer.status, 400);
    return answer.text();
  };
  assert.equal(await refusal({ name: " " }), "view: name: is empty");
  assert.equal(await refusal({ name: "x".repeat(81) }), "view: name: is longer than 80 characters");
  const turned = "Oven \u202e4";
  assert.equal(await refusal({ name: turned }), "view: name: has characters that cannot be seen");
  assert.equal(await refusal({ person: "" }), "view: person: is empty");
  assert.match(await refusal({ chart: "x".repeat(401) }), /^view: chart: /);
  assert.match(await refusal({ chart: "24h\u0000" }), /^view: chart: has characters/);
  assert.match(await refusal({ tags: [] }), /^view: tags: /);
  const nine = Array.from({ length: 9 }, (_, at) => ({ gateway: "gw-1", tag: `t${at}` }));
  assert.match(await refusal({ tags: nine }), /^view: tags: /);
  const twice = [...wish.tags, ...wish.tags];
  assert.equal(await refusal({ tags: twice }), "view: tags: has a value twice");
  const strange = [{ gateway: "gw 1", tag: "t" }];
  assert.equal(await refusal({ tags: strange }), "view: tags.0.gateway: no gateway id");
  assert.match(await refusal({ colour: "red" }), /colour/);

  assert.equal((await send(app, "POST", address, wish, "text/plain")).status, 415);
  const long = await send(app, "POST", address, { ...wish, name: "x".repeat(50_000) });
  assert.equal(long.status, 413);
  const noVersion = await send(app, "PUT", `${address}/7`, wish);
  assert.equal(noVersion.status, 400);
  const nobody = await app.request(`${address}/7?version=1`, { method: "DELETE" });
  assert.deepEqual([nobody.status, (await nobody.text()).slice(0, 13)], [400, "query: person"]);
  assert.deepEqual(asked, []);
});
