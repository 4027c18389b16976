import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";

import { until, withoutProcesses } from "../children/test-children.ts";
import { BackupKeeper } from "./backup-keeper.ts";

test("a backup whose process cannot be started has failed, and its reason is said", async (t) => {
  const keeper = new BackupKeeper({
    order: { folder: "", lakeFolder: "", captureFolder: "", files: [], keep: 1 },
    databaseUrl: () => "",
    everyMs: 3_600_000,
    newestUs: () => 0,
    made: () => Promise.resolve(),
    clock: systemClock,
    log: silentLog,
  });
  t.after(() => keeper.stop(AbortSignal.timeout(10_000)));
  await withoutProcesses(async () => {
    await keeper.start();
    await until("it has tried", () => keeper.failure !== "");
  });
  assert.match(keeper.failure, /^its process could not be started: .*ENOENT/);
});
