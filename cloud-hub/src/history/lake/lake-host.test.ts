import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { withoutProcesses } from "../../children/test-children.ts";
import { TestGateway } from "../../ingest/test-gateway.ts";
import { openTestHistory, type TestHistory } from "../../test-history.ts";
import type { LakeExport } from "./lake-export.ts";
import { LakeAway, LakeHost } from "./lake-host.ts";

let history: TestHistory;

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

const none = new AbortController().signal;
const { gateway } = new TestGateway("gw-lake-host");
const order = { gateway, tags: ["pump/t0"], fromUs: 1, toUs: 2 };

function openHost(): LakeHost {
  const folder = join(history.folder, "lake");
  return new LakeHost({ databaseUrl: history.url, folder, logLevel: "error" });
}

function exportsIn(scratch: string): readonly string[] {
  return readdirSync(scratch).filter((name) => name.startsWith("export-"));
}

test("two exports are made at once, others are refused until one has ended, and nothing of them is left", async () => {
  await using host = openHost();
  const scratch = join(history.folder, "lake", ".scratch");
  const begin = async (): Promise<LakeExport> => {
    const made = await host.export(order, none);
    assert.ok(made.kind === "export");
    return made;
  };
  const [first, second] = [await begin(), await begin()];
  assert.equal(exportsIn(scratch).length, 2);
  const third = await host.export(order, none);
  assert.ok(third.kind === "refused" && third.why === "busy");
  await first.close();
  assert.equal(exportsIn(scratch).length, 1);
  const fourth = await begin();
  await Promise.all([second.close(), fourth.close()]);
  assert.deepEqual(exportsIn(scratch), []);
});

test("an export that nobody waits for gives its place back, also when it had not begun", async () => {
  await using host = openHost();
  const left = new AbortController();
  const begun = [1, 2].map(() => host.export(order, left.signal));
  left.abort(new Error("gone"));
  for (const one of begun) await one.catch(() => undefined);
  await assert.rejects(host.export(order, left.signal), /gone/);
  const made = await host.export(order, none);
  assert.ok(made.kind === "export");
  await made.close();
});

test("what a killed hub has left of exports and of sorting is removed at the start", async () => {
  const scratch = join(history.folder, "lake", ".scratch");
  mkdirSync(join(scratch, "export-7-1"), { recursive: true });
  writeFileSync(join(scratch, "export-7-1", "piece-1.parquet"), "half");
  writeFileSync(join(scratch, "export-abc.parquet"), "of an older version");
  writeFileSync(join(scratch, "duckdb_temp_storage_DEFAULT-0.tmp"), "spilled");
  await using host = openHost();
  assert.ok(existsSync(scratch));
  assert.deepEqual(readdirSync(scratch), []);
  assert.ok(host);
});

test("questions to a process that cannot be started are refused, and the next one starts it", async () => {
  await using host = openHost();
  const ask = (): Promise<unknown> =>
    host.digestBuckets({ kind: "digest-buckets", gateway, resolution: "minutes", tags: [] });
  await withoutProcesses(async () => {
    // More than may wait at a time: none of them may stay behind.
    for (let question = 0; question < 70; question++) {
      await assert.rejects(ask(), (failure: unknown) => {
        assert.ok(failure instanceof LakeAway);
        assert.equal(failure.message, "the lake's process could not be started");
        return true;
      });
    }
  });
  assert.deepEqual(await ask(), { tags: [] });
});
