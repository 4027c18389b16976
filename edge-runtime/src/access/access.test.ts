import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import { accessFiles } from "./access-files.ts";
import { Codes } from "./codes.ts";
import { passHasher } from "./pass-hash.ts";
import { PeopleBook } from "./people-book.ts";
import { openSecret } from "./secret.ts";
import { endAfterMs, lockAfterMs } from "./sessions.ts";
import { command, enginePin, firstEngineer, openRig, Panel, type AccessRig } from "./test-rig.ts";

async function newRig(
  context: TestContext,
  httpsPort?: number,
): Promise<{ rig: AccessRig; panel: Panel; book: MemoryEventBook }> {
  const book = new MemoryEventBook();
  const rig = await openRig(context, book, httpsPort === undefined ? {} : { httpsPort });
  return { rig, book, panel: new Panel(() => rig.access) };
}

test("nobody can sign in at a new gateway, and there is no user that anybody knows", async (context) => {
  const { rig, panel } = await newRig(context);
  const { people, isNew, you } = await panel.look();
  assert.deepEqual([people, isNew, you], [[], true, undefined]);
  for (const person of ["admin", "engineer", "", "root"]) {
    assert.equal(await panel.send("sign-in", { person, pass: "123456" }), 401);
  }
  assert.equal(rig.access.door.person(panel.asked()), undefined);
});

test("the code of the gateway's terminal makes the first engineer, once", async (context) => {
  const { rig, panel } = await newRig(context);
  const code = rig.access.firstCode() ?? "";
  assert.match(code, /^[0-9A-Z]{5}-[0-9A-Z]{5}$/);
  // As it is read aloud and typed.
  const typed = code.toLowerCase().replace("-", " ").replaceAll("0", "o");
  assert.equal(await panel.send("code", { code: typed, name: "Ada", pass: enginePin }), 200);
  assert.deepEqual(rig.access.door.person(panel.asked()), {
    id: "ada",
    name: "Ada",
    role: "engineer",
    device: "127.0.0.1, Firefox on Linux",
  });
  const other = new Panel(() => rig.access);
  assert.equal(await other.send("code", { code, name: "Eve", pass: "739105" }), 401);
  assert.equal(rig.access.firstCode(), undefined);
  assert.equal((await command(rig.access, "code"))["kind"], "refused");
});

test("a code ends after a quarter of an hour, and not by wrong ones that somebody types", async (context) => {
  const { rig, panel } = await newRig(context);
  const late = rig.access.firstCode();
  await rig.clock.advance(15 * 60_000);
  assert.equal(await panel.send("code", { code: late, name: "Ada", pass: enginePin }), 401);

  const codes = new Codes();
  const old = codes.make({ kind: "first" }, 0);
  const code = codes.make({ kind: "first" }, 0);
  for (let at = 0; at < 100; at++) assert.equal(codes.find("00000-00000", 0), undefined);
  assert.equal(codes.find(old, 0), undefined);
  assert.deepEqual(codes.find(code, 0), { kind: "first" });
  assert.equal(codes.find(code, 15 * 60_000), undefined);
});

test("a PIN that anybody would try first is refused in words and costs no try", async (context) => {
  const { rig, panel } = await newRig(context);
  const code = rig.access.firstCode();
  for (const pass of [
    "111111",
    "123456",
    "987654",
    "121212",
    "12345",
    "too short",
    "x".repeat(40),
  ]) {
    const { status, json } = await panel.ask("code", { code, name: "Ada", pass });
    assert.equal(status, 401, pass);
    assert.match(String(json["reason"]), /PIN|passphrase/);
  }
  assert.equal(await panel.send("code", { code, name: "Ada", pass: "correct horse battery" }), 200);
  assert.equal(await panel.send("sign-in", { person: "ada", pass: "correct horse battery" }), 200);
});

test("each role may what it may: a refusal names the role and who can give it", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  const { code } = await command(rig.access, "add", { name: "Tom", role: "technician" });
  const tom = new Panel(() => rig.access);
  assert.equal(await tom.send("code", { code, name: "", pass: "550819" }), 200);
  const { door } = rig.access;
  assert.ok("id" in door.require(tom.asked(), "technician"));
  assert.ok("id" in door.require(tom.asked(), "viewer"));
  const refused = door.require(tom.asked(), "supervisor");
  assert.ok("reason" in refused && refused.status === 403);
  assert.match(refused.reason, /supervisor; Tom is technician.*millwright access/);
});

test("a session locks after five minutes without touch, however often the page asks", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  await rig.clock.advance(lockAfterMs - 1_000);
  assert.equal((await panel.look()).you?.name, "Ada Engineer");
  assert.equal(await panel.send("touch"), 200);
  await rig.clock.advance(lockAfterMs - 1_000);
  assert.equal((await panel.look()).you?.name, "Ada Engineer");
  // Looking is no touch.
  await rig.clock.advance(1_000);
  const refused = rig.access.door.require(panel.asked(), "viewer");
  assert.ok("reason" in refused && refused.status === 401);
  assert.equal((await panel.look()).you, undefined);
});

test("a session ends after a shift, however busy the panel was", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  for (let passedMs = 0; passedMs < endAfterMs - 60_000; passedMs += 60_000) {
    await rig.clock.advance(60_000);
    assert.equal(await panel.send("touch"), 200);
  }
  await rig.clock.advance(60_000);
  assert.equal(await panel.send("touch"), 401);
});

test("attack 9: stepping the gateway's clock keeps no session and shortens no wait", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  rig.clock.stepWall(-3_600_000_000 * 24);
  await rig.clock.advance(lockAfterMs);
  assert.equal((await panel.look()).you, undefined);
  for (let tries = 0; tries < 5; tries++) {
    assert.equal(await panel.send("sign-in", { person: "ada-engineer", pass: "000001" }), 401);
  }
  rig.clock.stepWall(3_600_000_000 * 24 * 365);
  assert.equal(await panel.send("sign-in", { person: "ada-engineer", pass: enginePin }), 429);
});

test("another role, a reset and a removal end the sessions of that person at once", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  const added = await command(rig.access, "add", { name: "Tom", role: "technician" });
  const tom = new Panel(() => rig.access);
  await tom.send("code", { code: added["code"], pass: "550819" });
  assert.equal((await tom.look()).you?.role, "technician");
  await command(rig.access, "role", { name: "tom", role: "viewer" });
  assert.equal((await tom.look()).you, undefined);
  await tom.send("sign-in", { person: "tom", pass: "550819" });
  assert.equal((await tom.look()).you?.role, "viewer");
  const reset = await command(rig.access, "reset", { name: "Tom" });
  assert.equal((await tom.look()).you, undefined);
  assert.equal(await tom.send("sign-in", { person: "tom", pass: "550819" }), 401);
  assert.equal(await tom.send("code", { code: reset["code"], pass: "661902" }), 200);
  await command(rig.access, "remove", { name: "tom" });
  assert.equal((await tom.look()).you, undefined);
  assert.equal(await tom.send("sign-in", { person: "tom", pass: "661902" }), 401);
  // An id is not given twice: the audit book would name two people with it.
  assert.equal((await command(rig.access, "add", { name: "Tom", role: "viewer" }))["name"], "Tom");
  const members = await command(rig.access, "list");
  assert.ok(JSON.stringify(members).includes('"tom-2"'));
});

test("wrong PINs wait longer and longer, after a restart too, and nobody else has to", async (context) => {
  const book = new MemoryEventBook();
  let rig = await openRig(context, book, { httpsPort: 8_443 });
  const away = { address: "10.0.0.66", secure: true, local: false };
  const thief = new Panel(() => rig.access, away, "gw-1.plant:8443");
  await firstEngineer(rig, new Panel(() => rig.access));
  const guess = (pass: string): Promise<number> =>
    thief.send("sign-in", { person: "ada-engineer", pass });
  for (let tries = 0; tries < 5; tries++) assert.equal(await guess("000001"), 401);
  assert.equal(await guess(enginePin), 429);
  await rig.clock.advance(5_000);
  assert.equal(await guess("000002"), 401);
  rig = await rig.restart();
  const { status, json } = await thief.ask("sign-in", { person: "ada-engineer", pass: enginePin });
  assert.deepEqual([status, json["waitS"]], [429, 10]);
  // At the machine itself the same person signs in meanwhile.
  const panel = new Panel(() => rig.access);
  assert.equal(await panel.send("sign-in", { person: "ada-engineer", pass: enginePin }), 200);
});

test("many names tried from one address wait as well", async (context) => {
  const { panel } = await newRig(context);
  const answers: number[] = [];
  for (let at = 0; at < 6; at++) {
    answers.push(await panel.send("sign-in", { person: `guess-${at}`, pass: "402917" }));
  }
  assert.deepEqual(answers, [401, 401, 401, 401, 401, 429]);
});

test("tries that come at once are counted one after the other", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  const thief = new Panel(() => rig.access);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      thief.send("sign-in", { person: "ada-engineer", pass: `70000${at % 10}` }),
    ),
  );
  assert.equal(answers.filter((status) => status === 401).length, 5);
  assert.equal(answers.filter((status) => status === 429).length, 15);
});

test("a badge that types signs in whoever it belongs to", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  const route = rig.access.routes.find(({ path }) => path === "/api/access/badge");
  assert.ok(route?.kind === "act");
  const person = rig.access.door.require(panel.asked(), route.role);
  assert.ok("id" in person);
  const signal = new AbortController().signal;
  const call = { asked: panel.asked(), params: {}, query: {}, signal, person };
  const set = await route.act({ ...call, body: { badge: "04A2197B3C5D80" } });
  assert.equal(set.audit?.result, "done");
  const other = new Panel(() => rig.access);
  assert.equal(await other.send("sign-in", { badge: "04A2197B3C5D81" }), 401);
  assert.equal(await other.send("sign-in", { badge: "04A2197B3C5D80" }), 200);
  assert.equal((await other.look()).you?.name, "Ada Engineer");
});

test("attack 1: what was read on the network is worth nothing when it is sent again", async (context) => {
  const { rig } = await newRig(context, 8_443);
  const away = { address: "10.0.0.7", secure: true, local: false };
  const owner = new Panel(() => rig.access, away, "gw-1.plant:8443");
  await firstEngineer(rig, owner);
  assert.ok("id" in rig.access.door.require(owner.asked(), "engineer"));
  // Over plain HTTP nobody signs in at all, so that there is nothing to read; and a session does not go there.
  const replayed = (asked: object, host: string): unknown => {
    const thief = new Panel(() => rig.access, { ...away, ...asked }, host);
    thief.cookie = owner.cookie;
    thief.proof = owner.proof;
    return rig.access.door.require(thief.asked(), "viewer");
  };
  const plain = replayed({ secure: false }, "gw-1.plant:8081") as { status: number; https: string };
  assert.deepEqual([plain.status, plain.https], [403, "https://gw-1.plant:8443/"]);
  const other = replayed({ address: "10.0.0.66" }, "gw-1.plant:8443") as { status: number };
  assert.equal(other.status, 401);
  // A page of another origin has the cookie sent for it, and not the proof.
  const forged = rig.access.door.require(owner.asked({ "x-millwright-proof": "" }), "viewer");
  assert.ok("status" in forged && forged.status === 401);
  // After the lock the same bytes are nobody's. The control: without the lock they still are.
  const control = rig.access.door.require(owner.asked(), "engineer");
  assert.ok("id" in control);
  const held = owner.asked({ cookie: owner.cookie, "x-millwright-proof": owner.proof });
  await owner.send("lock");
  assert.ok("status" in rig.access.door.require(held, "viewer"));
});

test("attack 1: over plain HTTP away from the machine nobody signs in, and is told where", async (context) => {
  const { rig } = await newRig(context, 8_443);
  const away = { address: "10.0.0.7", secure: false, local: false };
  const panel = new Panel(() => rig.access, away, "gw-1.plant:8081");
  const code = rig.access.firstCode();
  const body = { code, name: "Eve", pass: enginePin };
  for (const [name, sent] of [
    ["code", body],
    ["sign-in", { person: "ada", pass: "x" }],
  ] as const) {
    const { status, json } = await panel.ask(name, sent);
    assert.equal(status, 403);
    assert.equal(json["https"], "https://gw-1.plant:8443/");
    assert.match(String(json["reason"]), /plain HTTP/);
  }
  const looked = await panel.look();
  assert.equal(looked.people, undefined);
  assert.equal(looked.refused?.https, "https://gw-1.plant:8443/");
  // The control: the same over HTTPS.
  const secure = new Panel(() => rig.access, { ...away, secure: true }, "gw-1.plant:8443");
  assert.equal(await secure.send("code", body), 200);
});

test("attack 3: hashes of a stolen backup say nothing without the secret that no backup holds", async (context) => {
  const { rig, panel, book } = await newRig(context);
  await firstEngineer(rig, panel);
  const hash = new PeopleBook(book).byName("Ada Engineer")?.pass?.hash ?? "";
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  const folder = mkdtempSync(join(tmpdir(), "millwright-thief-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const thief = passHasher(await openSecret(join(folder, "secret")));
  assert.equal(await thief.verify(hash, enginePin), false);
  // The control: with the secret the PIN is found at once.
  const { secret } = accessFiles(rig.folder);
  assert.equal(statSync(secret).mode & 0o777, 0o600);
  copyFileSync(secret, join(folder, "stolen"));
  const owner = passHasher(await openSecret(join(folder, "stolen")));
  assert.equal(await owner.verify(hash, enginePin), true);
});

test("with a damaged secret nobody signs in, and the gateway is there all the same", async (context) => {
  const { rig, panel } = await newRig(context);
  await firstEngineer(rig, panel);
  writeFileSync(accessFiles(rig.folder).secret, "not thirty-two bytes");
  const after = await rig.restart();
  const other = new Panel(() => after.access);
  assert.match((await other.look()).refused?.reason ?? "", /does not hold the 32 bytes/);
  const refused = after.access.door.require(panel.asked(), "viewer");
  assert.ok("status" in refused && refused.status === 403);
  const answer = await command(after.access, "reset", { name: "ada" });
  assert.equal(answer["kind"], "refused");
});

test("everything that people do stands in the audit book, with its device and its result", async (context) => {
  const { rig, panel, book } = await newRig(context);
  await firstEngineer(rig, panel);
  await panel.send("sign-in", { person: "ada-engineer", pass: "000001" });
  await command(rig.access, "add", { name: "Tom", role: "viewer" });
  const entries = await book.list({ kind: "audit", max: 10 });
  const said = entries.map(({ body }) => {
    const { person, act, object, result, device } = body as unknown as Record<string, string>;
    return [person, act, object, result, device].join(" | ");
  });
  assert.deepEqual(said, [
    "gateway | access.add | Tom | done | command line",
    "ada-engineer | access.sign-in |  | refused | 127.0.0.1, Firefox on Linux",
    "ada-engineer | access.set-pin | Ada Engineer | done | 127.0.0.1, Firefox on Linux",
  ]);
  assert.equal(JSON.stringify(entries).includes(enginePin), false);
  assert.equal(JSON.stringify(entries).includes("000001"), false);
  assert.ok(existsSync(accessFiles(rig.folder).auditHead));
});

test("while no record can be kept, nobody signs in and nothing is done", async (context) => {
  const { rig, panel, book } = await newRig(context);
  await firstEngineer(rig, panel);
  book.full = true;
  const { status, json } = await panel.ask("sign-in", { person: "ada-engineer", pass: enginePin });
  assert.equal(status, 401);
  assert.match(String(json["reason"]), /no record of it can be kept/);
  const refused = rig.access.door.require(panel.asked(), "viewer");
  assert.ok("reason" in refused && /no record of it can be kept/.test(refused.reason));
  book.full = false;
  await rig.access.service.start();
  context.after(() => rig.access.service.stop(new AbortController().signal));
  await rig.clock.advance(5_000);
  assert.ok("id" in rig.access.door.require(panel.asked(), "viewer"));
  // What was tried meanwhile was not forgotten.
  const [entry] = await book.list({ kind: "audit", max: 1 });
  assert.equal((entry?.body as { act?: string }).act, "access.sign-in");
});
