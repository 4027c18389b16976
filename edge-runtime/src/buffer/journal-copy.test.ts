import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { copyStoppedJournal, isJournalInUse, whatIsWrongWith } from "./journal-copy.ts";
import { JournalInUse, JournalUnusable } from "./faults.ts";
import { batchOf, gateway, newRig, tag } from "./test-rig.ts";

test("a copy is made while samples are committed, and holds all that were committed before it was asked for", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const nowUs = rig.clock.nowUs();
  // Some megabytes, so that commits come between the steps of the copying.
  for (let group = 0; group < 40; group++) {
    const values = Array.from({ length: 5_000 }, (_, at) => Math.sin(group * 5_000 + at));
    journal.append(batchOf(values, nowUs + group));
    await journal.commit();
  }
  const before = await journal.readSamples(0, 0, Number.MAX_SAFE_INTEGER, 1_000_000);
  const file = join(rig.folder, "copy.db");
  const progress = { copied: false };
  const copying = journal.copyTo(file).then(() => {
    progress.copied = true;
  });
  let meanwhile = 0;
  while (!progress.copied && meanwhile < 10_000) {
    journal.append(batchOf([meanwhile++], nowUs + 1_000_000 + meanwhile));
    await journal.commit();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await copying;
  assert.ok(meanwhile > 1, "commits came between");
  assert.equal(whatIsWrongWith(file, gateway), undefined);
  await journal.close();

  writeFileSync(join(rig.folder, "journal.db"), readFileSync(file));
  const restored = rig.open();
  const after = await restored.readSamples(0, 0, nowUs + 1_000_000, 1_000_000);
  assert.equal(after.count, before.count);
  assert.deepEqual(after.value, before.value);
  const all = await restored.readSamples(0, 0, Number.MAX_SAFE_INTEGER, 1_000_000);
  assert.ok(all.count <= before.count + meanwhile);
});

test("a journal that a runtime has is not copied past it, and a stopped one is", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const file = join(rig.folder, "copy.db");
  assert.equal(isJournalInUse(rig.folder), true);
  await assert.rejects(copyStoppedJournal(rig.folder, file), JournalInUse);
  await journal.close();
  assert.equal(isJournalInUse(rig.folder), false);
  await copyStoppedJournal(rig.folder, file);
  assert.equal(whatIsWrongWith(file, gateway), undefined);
  await assert.rejects(copyStoppedJournal(join(rig.folder, "nowhere"), file), JournalUnusable);
});

test("a copy of another gateway, and one that is no journal, are told from a whole one", async (context) => {
  const rig = newRig(context);
  await rig.open().close();
  const file = join(rig.folder, "copy.db");
  await copyStoppedJournal(rig.folder, file);
  assert.match(whatIsWrongWith(file, "another" as typeof gateway) ?? "", /belongs to gateway/);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 3 * 1_024));
  assert.notEqual(whatIsWrongWith(file, gateway), undefined);
});
