import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { withoutProcesses } from "../../children/test-children.ts";
import { TestGateway } from "../../ingest/test-gateway.ts";
import { openTestHistory, type TestHistory } from "../../test-history.ts";
import { LakeAway, LakeHost } from "./lake-host.ts";

let history: TestHistory;

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

test("questions to a process that cannot be started are refused, and the next one starts it", async () => {
  await using host = new LakeHost({
    databaseUrl: history.url,
    folder: join(history.folder, "lake"),
    logLevel: "error",
  });
  const { gateway } = new TestGateway("gw-lake-host");
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
