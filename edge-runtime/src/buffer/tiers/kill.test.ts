import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";
import Database from "better-sqlite3";

import { newRig, tag, type Rig } from "../test-rig.ts";

const kills = 6;

test("kills at random moments of re-packing lose nothing that was settled, and double nothing", async (context) => {
  const rig = newRig(context);
  const random = seededRandom("kill");
  const settled: (readonly [number, number])[] = [];
  for (let run = 0; run < kills; run++) {
    const first = run * 1_000_000;
    const last = await writeUntilKilled(rig.folder, first, 100 + random.int(400));
    settled.push([first, last]);
  }
  const values = await valuesIn(rig);
  assert.equal(new Set(values).size, values.length, "no value is there twice");
  const held = new Set(values);
  for (const [from, to] of settled) {
    for (let value = from; value <= to; value++) assert.ok(held.has(value), `${value} was settled`);
  }

  // The control: both copies are there, and were it not for the frontier, both would count.
  const db = new Database(path.join(rig.folder, "journal.db"));
  const sum = (table: string): number =>
    db.prepare<[], number>(`select sum(samples) from ${table}`).pluck().get() ?? 0;
  assert.ok(sum("chunk") > 0, "samples were re-packed");
  assert.ok(sum("chunk") + sum("sample_frame") > values.length);
  db.close();
});

/** @returns the last value that was settled */
async function writeUntilKilled(folder: string, first: number, afterMs: number): Promise<number> {
  const program = path.join(import.meta.dirname, "test-writer.ts");
  const child = spawn(process.execPath, [program, folder, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let last = first - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    // The moment is random; that something was settled by then is not.
    if (line === "open") setTimeout(() => child.kill("SIGKILL"), afterMs);
    else last = Math.max(last, Number(line));
  }
  await exited;
  return last;
}

async function valuesIn(rig: Rig): Promise<number[]> {
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const { value } = await journal.readSamples(0, -Infinity, Infinity, Infinity);
  await journal.close();
  return Array.from(value);
}
