import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";

import {
  seededRandom,
  silentLog,
  systemClock,
  type Log,
  type LogFields,
  type LogLevel,
} from "@millwright/kit";

import { until, withoutProcesses } from "../children/test-children.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";
import type { KeeperSettings } from "./keeper-settings.ts";
import { HistoryKeeper } from "./keeper.ts";
import { allGateways } from "./sorter-share.ts";

let history: TestHistory;
let keeper: HistoryKeeper;

function settingsWith(lakeFolder: string, logLevel: LogLevel): Omit<KeeperSettings, "databaseUrl"> {
  return {
    sortEveryMs: 100,
    share: allGateways,
    hotDays: 3,
    // The day of the tests lies in the future; and were it past, its samples would be kept.
    keep: { samples: 36_500, minutes: 36_500, hours: 36_500 },
    lake: { folder: join(history.folder, lakeFolder) },
    logLevel,
  };
}

function keeperWith(settings: Omit<KeeperSettings, "databaseUrl">, log: Log): HistoryKeeper {
  const databaseUrl = (): string => history.url;
  return new HistoryKeeper({
    ...{ settings, databaseUrl, log },
    ...{ clock: systemClock, random: seededRandom(1) },
  });
}

before(async () => {
  history = await openTestHistory();
  keeper = keeperWith(settingsWith("lake", "error"), silentLog);
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

test("a keeper whose process cannot be started says why, and starts it once that can be", async (t) => {
  const ended: LogFields[] = [];
  const log: Log = { ...silentLog, error: (_, fields = {}) => void ended.push(fields) };
  const another = keeperWith(settingsWith("lake", "silent"), log);
  t.after(() => another.stop(AbortSignal.timeout(10_000)));
  await withoutProcesses(async () => {
    await another.start();
    await until("it has tried", () => ended.length > 0);
  });
  assert.match(String(ended[0]?.["reason"]), /ENOENT/);
  await until("it runs", () => another.pid !== 0);
});

test("a process that cannot work in the folder of its files says so", async () => {
  writeFileSync(join(history.folder, "no-folder"), "");
  const child = fork(join(import.meta.dirname, "keeper-main.ts"), [], {
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  const settings: KeeperSettings = {
    ...settingsWith("no-folder", "error"),
    databaseUrl: history.url,
  };
  child.send(settings);
  assert.ok(child.stderr !== null);
  const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.match(said, /history\.keeper-failed.*ENOTDIR|ENOTDIR.*history\.keeper-failed/);
  assert.equal(child.exitCode, 1);
});
