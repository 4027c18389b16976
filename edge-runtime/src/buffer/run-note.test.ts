import assert from "node:assert/strict";
import { copyFileSync, existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { newRig } from "./test-rig.ts";

test("a run says how the one before ended: in order, without on the same machine, or with its machine", async (context) => {
  const rig = newRig(context);
  const first = rig.open({ boot: "monday" });
  assert.equal(first.outbox.endBefore(), undefined, "there was none before");
  await first.close();
  const second = rig.open({ boot: "monday" });
  assert.equal(second.outbox.endBefore(), "stopped");
  await second.abandon();
  const third = rig.open({ boot: "monday" });
  assert.equal(third.outbox.endBefore(), "program");
  await third.abandon();
  const fourth = rig.open({ boot: "tuesday" });
  assert.equal(fourth.outbox.endBefore(), "machine");
  await fourth.close();
  const fifth = rig.open({ boot: "wednesday" });
  assert.equal(
    fifth.outbox.endBefore(),
    "stopped",
    "who stopped before its machine did has stopped",
  );
});

test("of a file that was copied nothing is known of how it came to be", async (context) => {
  const rig = newRig(context);
  await rig.open({ boot: "monday" }).abandon();
  for (const name of ["journal.db", "journal.db-wal"]) {
    const file = join(rig.folder, name);
    if (!existsSync(file)) continue;
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  }
  assert.equal(rig.open({ boot: "tuesday" }).outbox.endBefore(), undefined);
});

test("an epoch that did not begin with a start says nothing of one", async (context) => {
  const rig = newRig(context);
  await rig.open({ boot: "monday" }).abandon();
  const journal = rig.open({ boot: "monday" });
  assert.equal(journal.outbox.endBefore(), "program");
  const { epoch } = journal;
  const foreign = { epoch, lane: "critical", storedSeq: 1_000, chain: "0".repeat(16) } as const;
  await journal.outbox.leave({ ...foreign, safeSeq: 0 });
  assert.notEqual(journal.epoch, epoch);
  assert.equal(journal.outbox.endBefore(), undefined);
});
