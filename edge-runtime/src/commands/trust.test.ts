import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { loadLibrary } from "../acquire/opcua/library.ts";
import { ensureOwnCertificate, lookAtOwn } from "../acquire/opcua/own-certificate.ts";
import { judge, keepRefused } from "../acquire/opcua/trust.ts";
import { trustCommand } from "./trust.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-trust-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function run(folder: string, ...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const code = await trustCommand.run([...args, "--settings", join(folder, "gateway.yaml")], {
    clock: systemClock,
    random: seededRandom("trust"),
    log: silentLog,
    out: { write: (more: string) => (text += more) },
    until: new AbortController().signal,
  });
  return { code, text };
}

test("who has accepted the server's certificate is told what the server has to accept", async (t) => {
  const folder = await folderOf(t);
  const library = await loadLibrary(silentLog);
  const state = join(folder, "journal", "devices", "press");
  // Any certificate will do for the server's.
  const server = await ensureOwnCertificate(library, join(folder, "server"), systemClock.nowUs());
  await keepRefused(state, server.certificate);

  const before = await run(folder, "press", server.thumbprint);
  assert.equal(before.code, 0);
  assert.match(before.text, /is made when it first connects/);
  assert.equal(await judge(state, server.certificate), "trusted");

  await ensureOwnCertificate(library, state, systemClock.nowUs());
  const own = await lookAtOwn(state);
  const after = await run(folder, "press", server.thumbprint.toLowerCase());
  assert.ok(own !== undefined);
  assert.ok(
    after.text.includes(`thumbprint ${own.thumbprint}, certificate in ${own.certificateFile}`),
  );
});

test("a device that was never spoken to and a certificate that nobody saw are refused", async (t) => {
  const folder = await folderOf(t);
  assert.equal((await run(folder, "press", "AB".repeat(20))).code, 2);
  const library = await loadLibrary(silentLog);
  await ensureOwnCertificate(library, join(folder, "journal", "devices", "press"), 0);
  assert.equal((await run(folder, "press", "AB".repeat(20))).code, 2);
});
