import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { Part, programs } from "@millwright/launcher";
import { stringify } from "yaml";

/** How a gateway that is started with these settings ends, and what it said. */
async function startAndEnd(
  t: TestContext,
  folder: string,
  settings: object,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, stringify(settings));
  const lines: string[] = [];
  const gateway = new Part({
    name: "gateway",
    program: programs.gateway,
    args: ["--settings", file],
    readyMsMax: 60_000,
    onLine: (line) => lines.push(line),
  });
  t.after(() => gateway.stop());
  const first = await Promise.race([
    gateway.exited,
    gateway.ready.then(
      () => "started" as const,
      () => gateway.exited,
    ),
  ]);
  assert.notEqual(first, "started", "it started with what it should have refused");
  const { code } = await gateway.exited;
  return { code, said: lines.join("\n") };
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-refused-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const device = (tags: readonly object[]): object => ({
  id: "press-1",
  protocol: "modbus",
  connection: { framing: "tcp", host: "127.0.0.1", port: 1, unit: 1 },
  tags,
});
const tag = (id: string, address: string): object => ({ id, name: id, address, type: "uint16" });

test("faulty settings are told in one report, exit code 2, and nothing is started", async (t) => {
  const folder = newFolder(t);
  const { code, said } = await startAndEnd(t, folder, {
    gateway: { id: "line-1", name: "Line 1" },
    journal: { folder: "journal", commitEveryMs: "often" },
    hmi: { port: 0 },
    colour: "blue",
    devices: [
      device([tag("force", "holding:1"), tag("force", "holding:2"), tag("far", "holding:65536")]),
    ],
  });
  assert.equal(code, 2, said);
  for (const expected of [/commitEveryMs/, /colour/, /force/, /65536/]) {
    assert.match(said, expected);
  }
  assert.equal(existsSync(join(folder, "journal")), false);
});

test("a journal that cannot be written ends the gateway with exit code 3 and says what to do", async (t) => {
  const folder = newFolder(t);
  // Below a regular file nobody can make a folder, root neither.
  writeFileSync(join(folder, "occupied"), "");
  const { code, said } = await startAndEnd(t, folder, {
    gateway: { id: "line-1", name: "Line 1" },
    journal: { folder: "occupied/journal" },
    hmi: { port: 0 },
    devices: [device([tag("force", "holding:1")])],
  });
  assert.equal(code, 3, said);
  assert.match(said, /journal in .*occupied\/journal/);
  assert.match(said, /Check that the data folder exists/);
});
