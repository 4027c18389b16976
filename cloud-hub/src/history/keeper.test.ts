import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { until } from "../children/test-children.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";
import { HistoryKeeper } from "./keeper.ts";
import { allGateways } from "./sorter-share.ts";

let history: TestHistory;
let keeper: HistoryKeeper;

before(async () => {
  history = await openTestHistory();
  keeper = new HistoryKeeper({
    settings: {
      sortEveryMs: 100,
      share: allGateways,
      hotDays: 3,
      // The day of the tests lies in the future; and were it past, its samples would be kept.
      keep: { samples: 36_500, minutes: 36_500, hours: 36_500 },
      lake: { folder: join(history.folder, "lake") },
      logLevel: "error",
    },
    databaseUrl: () => history.url,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  });
  await keeper.start();
});
after(async () => {
  await keeper.stop(AbortSignal.timeout(10_000));
  await history[Symbol.asyncDispose]();
});

test("the keeper's process sorts what comes, and goes on after it was killed", async () => {
  const gateway = new TestGateway("gw-kept");
  await history.take(gateway, gateway.dictionaryFrame(), gateway.samples([[0, 1, testDayUs]]));
  const sorted = async (count: number): Promise<boolean> => {
    const found = await history.pool.query<{ stored: bigint }>(
      "select stored from sample_counts where gateway = $1",
      [gateway.gateway],
    );
    return Number(found.rows[0]?.stored ?? 0n) === count;
  };
  await until("the first sample is sorted", () => sorted(1));
  const { pid } = keeper;
  process.kill(pid, "SIGKILL");
  await until("another process runs", () => keeper.pid !== 0 && keeper.pid !== pid);
  await history.take(gateway, gateway.samples([[0, 2, testDayUs + 1]]));
  await until("the second sample is sorted", () => sorted(2));
  const rows = await history.pool.query("select sum(samples)::int as samples from chunks");
  assert.deepEqual(rows.rows, [{ samples: 2 }]);
});

test("the process ends with its keeper", async () => {
  const { pid } = keeper;
  await keeper.stop(AbortSignal.timeout(10_000));
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
});
