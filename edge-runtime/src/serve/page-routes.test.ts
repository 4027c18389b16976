import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock } from "@millwright/kit";

import type { AccessDoor, ActingRoute, AuditNote, NotAllowed, Person } from "../hand-over.ts";
import { HmiServer, type HmiViews } from "./hmi-server.ts";

const ada: Person = { id: "ada", name: "Ada", role: "engineer", device: "::1, Firefox" };

interface Served {
  readonly url: string;
  readonly notes: readonly AuditNote[];
}

async function serve(
  context: TestContext,
  act: ActingRoute["act"],
  allowed: Person | NotAllowed = ada,
): Promise<Served> {
  const notes: AuditNote[] = [];
  const door: AccessDoor = {
    person: () => ada,
    require: () => allowed,
    audit(note) {
      notes.push(note);
      return Promise.resolve();
    },
  };
  const server = new HmiServer({
    ...{ host: "127.0.0.1", port: 0, names: [], views: {} as HmiViews, clock: new PlayedClock() },
    routes: [{ kind: "act", path: "/api/things/:id", role: "engineer", act }],
    door,
  });
  await server.start();
  context.after(() => server.stop());
  return { url: server.url, notes };
}

const post = (url: string, body: string): Promise<Response> =>
  fetch(`${url}/api/things/a%2Fb?x=1`, { method: "POST", body });

test("what a person does is answered and audited with person and device", async (context) => {
  const { url, notes } = await serve(context, ({ person, params, query, body }) =>
    Promise.resolve({
      status: 409,
      json: { who: person.name, ...params, ...query, body },
      audit: { act: "thing.change", object: "a/b", before: "1", after: "2", result: "refused" },
    }),
  );
  const answer = await post(url, '{"value":2}');
  assert.equal(answer.status, 409);
  assert.deepEqual(await answer.json(), { who: "Ada", id: "a/b", x: "1", body: { value: 2 } });
  const said = { act: "thing.change", object: "a/b", before: "1", after: "2", result: "refused" };
  assert.deepEqual(notes, [{ ...said, person: "ada", device: "::1, Firefox" }]);
});

test("an act that broke half-way is audited as failed, with what is known of it", async (context) => {
  const { url, notes } = await serve(context, () => Promise.reject(new Error("the disk is gone")));
  const answer = await post(url, "{}");
  assert.equal(answer.status, 500);
  assert.match(await answer.text(), /may or may not have been done: the disk is gone/);
  const [note] = notes;
  assert.deepEqual(
    [note?.person, note?.act, note?.result, note?.why],
    ["ada", "/api/things/:id", "failed", "the disk is gone"],
  );
});

test("who is known and not allowed is told why, and the try is audited; nothing is done", async (context) => {
  let done = 0;
  const { url, notes } = await serve(
    context,
    () => {
      done++;
      return Promise.resolve({ json: {}, audit: undefined });
    },
    { kind: "refused", status: 403, reason: "this needs the role engineer" },
  );
  const answer = await post(url, "{}");
  assert.equal(answer.status, 403);
  assert.deepEqual(await answer.json(), { reason: "this needs the role engineer" });
  assert.deepEqual([done, notes.length, notes[0]?.result], [0, 1, "refused"]);
});

test("what is no JSON, or more than any form, is refused before anything is done", async (context) => {
  let done = 0;
  const { url } = await serve(context, () => {
    done++;
    return Promise.resolve({ json: {}, audit: undefined });
  });
  assert.equal((await post(url, "{")).status, 400);
  assert.equal((await post(url, JSON.stringify("x".repeat(70_000)))).status, 400);
  assert.equal(done, 0);
  // The control.
  assert.equal((await post(url, "{}")).status, 200);
  assert.equal(done, 1);
});
