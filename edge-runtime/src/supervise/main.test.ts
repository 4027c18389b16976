import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { exitCodes } from "../exit-codes.ts";

interface Line {
  readonly event: string;
  readonly reason?: string;
}

test("a runtime that cannot be started is tried again, and an end that comes meanwhile starts none", async (t) => {
  // As on a box that has no room for one more process.
  const noRoom = "data:text/javascript,process.execPath = '/no/such/program'";
  const supervisor = spawn(
    process.execPath,
    ["--import", noRoom, join(import.meta.dirname, "main.ts"), "--settings", "gateway.yaml"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  t.after(() => supervisor.kill("SIGKILL"));
  const end = once(supervisor, "exit");
  const lines: Line[] = [];
  for await (const text of createInterface(supervisor.stderr)) {
    lines.push(JSON.parse(text) as Line);
    const waits = lines.filter(({ event }) => event === "supervise.runtime-ended").length;
    // The third wait takes a second.
    if (waits === 3) supervisor.kill("SIGTERM");
  }
  assert.deepEqual(await end, [0, null]);
  const notStarted = lines.filter(({ event }) => event === "supervise.runtime-not-started");
  assert.equal(notStarted.length, 3);
  assert.match(notStarted[0]?.reason ?? "", /ENOENT/);
});

test("what a person has to change first is told by the exit code, to a program that started it too", async (t) => {
  const supervisor = fork(
    join(import.meta.dirname, "main.ts"),
    ["--settings", join(import.meta.dirname, "no-such-settings.yaml")],
    { stdio: ["ignore", "ignore", "ignore", "ipc"] },
  );
  t.after(() => supervisor.kill("SIGKILL"));
  assert.deepEqual(await once(supervisor, "exit"), [exitCodes.refused, null]);
});
