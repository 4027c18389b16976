import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { findIsolation, hostCommand } from "./isolation.ts";

const walls = join(import.meta.dirname, "test-walls.ts");

interface Said {
  readonly wrote: boolean;
  readonly began: boolean;
  readonly networks: number;
  readonly secret: boolean;
}

function tried(
  t: TestContext,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Said {
  const folder = mkdtempSync(join(tmpdir(), "millwright-walls-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const output = execFileSync(command, [...args, join(folder, "file")], { env, encoding: "utf8" });
  return JSON.parse(output) as Said;
}

test("a detect host writes nothing, sees no setting of the gateway, and has no network where that can be had", (t) => {
  const isolation = findIsolation();
  const { command, args } = hostCommand(isolation, process.execPath, walls, 2 ** 30);
  const said = tried(t, command, args, {});
  assert.deepEqual([said.wrote, said.began, said.secret], [false, false, false]);
  if (isolation.network) assert.equal(said.networks, 0);
  assert.match(isolation.words, isolation.network ? /^no network;/ : /^network not closed \(.+\);/);

  // The control: the same program without the walls does all of it.
  const free = tried(t, process.execPath, [walls], { SECRET: "x" });
  assert.deepEqual([free.wrote, free.began, free.secret], [true, true, true]);
});

test("where the kernel makes no network of its own the host is started without, and it is said", () => {
  const isolation = { network: false, limits: false, words: "" };
  const { command, args } = hostCommand(isolation, "/node", "/host.js", 1);
  assert.equal(command, "/node");
  assert.ok(args.includes("--permission"));
  assert.equal(args.at(-1), "/host.js");
});
