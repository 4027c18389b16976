import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { silentLog } from "@millwright/kit";

import { callDoor } from "./call-door.ts";
import { LocalDoor, type DoorHandlers } from "./local-door.ts";

async function openDoor(context: TestContext, handlers: DoorHandlers): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "door-"));
  const file = join(folder, "data", "door.json");
  const door = new LocalDoor({ file, handlers, bodyBytesMax: 100, log: silentLog });
  await door.start();
  context.after(async () => {
    await door.stop();
    assert.equal(existsSync(file), false);
    rmSync(folder, { recursive: true, force: true });
  });
  return file;
}

test("a question is answered with bytes, JSON or a refusal", async (context) => {
  const file = await openDoor(context, {
    "/echo": (body) => body,
    "/add": (_body, query) => ({ json: Number(query.get("a")) + 1 }),
    "/no": () => ({ kind: "refused", reason: "not today" }),
  });
  const [echo, added, refused] = await Promise.all([
    callDoor(file, "/echo", Buffer.from("hello")),
    callDoor(file, "/add?a=4"),
    callDoor(file, "/no"),
  ]);
  assert.ok(echo instanceof Uint8Array && added instanceof Uint8Array);
  assert.equal(Buffer.from(echo).toString(), "hello");
  assert.equal(Buffer.from(added).toString(), "5");
  assert.deepEqual(refused, { kind: "refused", reason: "not today" });
});

test("who does not know the secret is not answered, and the secret is for the owner of the file", async (context) => {
  let asked = 0;
  const file = await openDoor(context, {
    "/act": () => {
      asked++;
      return { json: null };
    },
  });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { port } = JSON.parse(readFileSync(file, "utf8")) as { port: number };
  const own = `${file}.forged`;
  writeFileSync(own, JSON.stringify({ port, secret: "guessed" }));
  await assert.rejects(callDoor(own, "/act"), { code: "door.closed" });
  const bare = await fetch(`http://127.0.0.1:${port}/act`, { method: "POST" });
  assert.equal(bare.status, 401);
  assert.equal(asked, 0);
});

test("a question that is too long, or is not known, is refused", async (context) => {
  const file = await openDoor(context, { "/echo": (body) => body });
  assert.deepEqual(await callDoor(file, "/echo", new Uint8Array(101)), {
    kind: "refused",
    reason: "the question is too long",
  });
  const unknown = await callDoor(file, "/toString");
  assert.ok("kind" in unknown && /another version/.test(unknown.reason));
});

test("a handler that throws answers with its message and the door stays open", async (context) => {
  const file = await openDoor(context, {
    "/throw": () => {
      throw new Error("the disk is gone");
    },
  });
  for (const question of ["/throw", "/throw?again"])
    assert.deepEqual(await callDoor(file, question), {
      kind: "refused",
      reason: "the disk is gone",
    });
});

test("where no program runs the door is closed", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "door-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  await assert.rejects(callDoor(join(folder, "door.json"), "/act"), { code: "door.closed" });
  writeFileSync(join(folder, "door.json"), "{");
  await assert.rejects(callDoor(join(folder, "door.json"), "/act"), { code: "door.closed" });
});
