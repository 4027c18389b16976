import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { decodeSamples, parseFrame } from "@millwright/wire-contract";

import { JournalUnusable } from "./faults.ts";
import { openJournal } from "./journal.ts";
import type { gateway } from "./test-rig.ts";
import { batchOf, device, newRig, tag } from "./test-rig.ts";

test("in its own thread the journal keeps, settles and hands out as it does here", async (context) => {
  const rig = newRig(context);
  const journal = await openJournal(rig.options({ clock: systemClock, commitEveryMs: 20 }));
  const dictionary = await journal.adoptTags([tag("t1"), tag("text", { type: "string" })]);
  const nowUs = systemClock.nowUs();
  const settled = new Promise<void>((resolve) => {
    const columns = { tag: Int32Array.of(0, 1), wide: new Map([[1, "läuft"]]) };
    const settle = (): Promise<void> => {
      resolve();
      return Promise.resolve();
    };
    journal.append(batchOf([1, NaN], nowUs, { ...columns, settle }));
  });
  await settled;
  const [frame] = await journal.outbox.framesAfter(journal.epoch, "live", 0, Infinity);
  const parsed = parseFrame(frame?.bytes ?? new Uint8Array());
  assert(parsed.kind === "frame");
  const columns = decodeSamples(parsed.body, dictionary);
  assert(!("kind" in columns));
  assert.equal(columns.wide?.get(columns.tag.indexOf(1)), "läuft");
  const read = await journal.readSamples(1, nowUs, nowUs + 10, 10);
  assert.deepEqual([...(read.wide ?? [])], [[0, "läuft"]]);
  assert.equal(journal.counters().unexplained, 0);
  assert(journal.counters().bytesWritten > 0);
  await journal.close();
  assert.deepEqual(rig.broken, []);
});

test("a second runtime on the same folder is refused with a word about what to do", async (context) => {
  const rig = newRig(context);
  rig.open();
  await assert.rejects(openJournal(rig.options()), (failure: unknown) => {
    assert(failure instanceof JournalUnusable);
    assert.match(failure.hint, /Another runtime/);
    return true;
  });
});

test("a folder that cannot be made is refused at start", (context) => {
  const rig = newRig(context);
  const file = path.join(rig.folder, "a-file");
  writeFileSync(file, "");
  assert.throws(() => rig.open({ folder: path.join(file, "journal") }), JournalUnusable);
});

test("a folder that may not be written is refused at start", (context) => {
  if (process.getuid?.() === 0) {
    context.skip("root may write anywhere");
    return;
  }
  const rig = newRig(context);
  const folder = path.join(rig.folder, "closed");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  assert.throws(() => rig.open({ folder }), JournalUnusable);
});

test("the journal of another gateway is refused", async (context) => {
  const rig = newRig(context);
  await rig.open().close();
  assert.throws(() => rig.open({ gateway: "other" as typeof gateway }), /belongs to gateway/);
});

test("kill -9 between commits loses nothing that was settled", async (context) => {
  const rig = newRig(context);
  let settledRows = 0;
  for (let run = 0; run < 3; run++) {
    const child = spawn(
      process.execPath,
      [path.join(import.meta.dirname, "test-writer.ts"), rig.folder],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = once(child, "exit");
    // Each line is the highest value that was settled.
    let settled = 0;
    child.stdout.setEncoding("utf8");
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (text: string) => {
        settled = Number(text.trim().split("\n").at(-1));
        if (settled > 200) resolve();
      });
    });
    child.kill("SIGKILL");
    await ended;
    settledRows += settled;

    const journal = rig.open({ clock: systemClock, random: seededRandom(run), log: silentLog });
    await journal.adoptTags([tag("t1")]);
    const all = await journal.readSamples(0, 0, Number.MAX_SAFE_INTEGER, 1e6);
    assert(all.count >= settledRows, `${all.count} rows of ${settledRows} settled`);
    settledRows = all.count;
    const claims = await journal.gaps({ device }, 0, Number.MAX_SAFE_INTEGER);
    assert(claims.some(({ reason }) => reason === "gateway down"));
    await journal.abandon();
  }
});
