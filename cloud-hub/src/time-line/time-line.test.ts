/** The time line over a real database: what is noted outlives the hub, and what happened while it was away is not made up. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";
import {
  encodeDictionary,
  makeDictionary,
  type DeviceId,
  type Presence,
} from "@millwright/wire-contract";

import { brokenAudit } from "../database/audit.ts";
import { TestGateway, testTag } from "../ingest/test-gateway.ts";
import { intakeOf } from "../ingest/test-store-rig.ts";
import { testTables } from "../test-tables.ts";
import { PresenceStore } from "./presence-store.ts";
import { openTimeLine, type TimeLineDesk } from "./time-line-desk.ts";

const tables = testTables();
const s = 1_000_000;
const beginUs = 1_800_000_000 * s;
let nowUs = beginUs;

/** How the one gateway stands with the hub. */
const standing = { gateway: "gw-1", presence: "reporting" as Presence, sinceUs: 0, lastBeatUs: 0 };

function startHub(): Promise<TimeLineDesk> {
  return openTimeLine(tables.url, {
    standings: () => [standing],
    silentAfterUs: 30 * s,
    keepDays: 10,
    alarms: () => Promise.resolve([]),
    clock: { ...systemClock, nowUs: () => nowUs },
    log: silentLog,
  });
}

/** As the hub ends when it is asked to. */
async function stop(hub: TimeLineDesk): Promise<void> {
  await hub.watch(AbortSignal.abort());
  await hub[Symbol.asyncDispose]();
}

function becomes(presence: Presence, atS: number): void {
  nowUs = beginUs + atS * s;
  Object.assign(standing, { presence, sinceUs: nowUs });
  if (presence !== "silent") standing.lastBeatUs = nowUs;
}

async function hearing(hub: TimeLineDesk): Promise<readonly string[]> {
  const { entries } = await hub.of("gw-1", { fromUs: beginUs - 100 * s, toUs: nowUs + 60 * s });
  return entries.flatMap((one) => {
    if (one.kind !== "hearing") return [];
    const end = one.toUs === undefined ? "" : String((one.toUs - beginUs) / s);
    return [`${one.state} ${(one.fromUs - beginUs) / s}-${end}`];
  });
}

test("when a gateway was heard outlives a restart of the hub, and the time between is the hub's", async () => {
  let hub = await startHub();
  becomes("reporting", 5);
  nowUs = beginUs + 6 * s;
  assert.deepEqual(await hearing(hub), ["heard 5-"]);
  nowUs = beginUs + 90 * s;
  Object.assign(standing, {
    presence: "silent",
    sinceUs: beginUs + 50 * s,
    lastBeatUs: beginUs + 50 * s,
  });
  assert.deepEqual(await hearing(hub), ["heard 5-50", "silent 50-"]);
  becomes("reporting", 100);
  await hearing(hub);
  nowUs = beginUs + 200 * s;
  await stop(hub);

  // The gateway works on; nobody hears it.
  nowUs = beginUs + 500 * s;
  Object.assign(standing, { presence: "silent", sinceUs: beginUs + 200 * s });
  hub = await startHub();
  nowUs = beginUs + 502 * s;
  assert.deepEqual(await hearing(hub), [
    "heard 5-50",
    "silent 50-100",
    "heard 100-200",
    "hub away 200-500",
    "heard 500-",
  ]);
  becomes("reporting", 503);
  nowUs = beginUs + 504 * s;
  assert.deepEqual((await hearing(hub)).slice(-2), ["hub away 200-500", "heard 500-"]);

  // Killed: it has kept up to when it kept last, and this gateway does not come back.
  nowUs = beginUs + 513 * s;
  await hearing(hub);
  nowUs = beginUs + 519 * s;
  await hub[Symbol.asyncDispose]();
  nowUs = beginUs + 600 * s;
  Object.assign(standing, { presence: "silent", lastBeatUs: beginUs + 519 * s });
  hub = await startHub();
  nowUs = beginUs + 631 * s;
  assert.deepEqual((await hearing(hub)).slice(-3), [
    "heard 500-513",
    "hub away 513-600",
    "silent 600-",
  ]);
  const { heardFromUs } = await hub.of("gw-1", { fromUs: beginUs - 100 * s, toUs: nowUs });
  assert.equal(heardFromUs, beginUs, "before its first hub nothing is known");
  await stop(hub);
});

test("starts, another list of tags and losses of a gateway are on it, and another gateway's are not", async () => {
  const hub = await startHub();
  const first = new TestGateway("gw-1");
  const toldAtUs = beginUs - 50 * s;
  const takeIn = async (gateway: TestGateway, ...frames: Parameters<typeof intakeOf>[1]) =>
    tables.store.takeIn({ ...intakeOf(gateway, frames), receivedUs: toldAtUs });
  const met = (gateway: TestGateway, startedUs: readonly number[]) => {
    const hello = gateway.hello();
    const epochs = hello.epochs.map((one, at) => ({
      ...one,
      startedUs: startedUs[at] ?? 0,
      ...(at === 0 ? {} : { parent: hello.epochs[at - 1]?.epoch ?? one.epoch }),
    }));
    return tables.store.hello({ ...hello, epochs }, nowUs);
  };
  const gap = { scope: { kind: "device", device: "plc-1" as DeviceId } } as const;
  await met(first, [beginUs - 90 * s]);
  await takeIn(first, first.dictionaryFrame());
  await takeIn(
    first,
    first.ledger([
      {
        ...gap,
        number: 1,
        reason: "device unreachable",
        ...{ fromUs: beginUs - 80 * s, toUs: beginUs - 70 * s },
        count: { kind: "scheduled", samples: 20 },
      },
      {
        ...gap,
        number: 2,
        reason: "told within bound",
        ...{ fromUs: beginUs - 60 * s, toUs: beginUs - 55 * s },
        count: { kind: "exact", samples: 900 },
      },
    ]),
  );
  first.newEpoch();
  await met(first, [beginUs - 90 * s, beginUs - 40 * s]);
  const others = encodeDictionary(makeDictionary([testTag(0), testTag(1), testTag(2)]));
  await takeIn(first, first.seal("critical", "dictionary", others));
  const stranger = new TestGateway("gw-2");
  await met(stranger, [beginUs - 30 * s]);

  const range = { fromUs: beginUs - 100 * s, toUs: nowUs };
  const { entries } = await hub.of("gw-1", range);
  assert.deepEqual(
    entries
      .filter(({ kind }) => kind !== "hearing")
      .map((one) => [one.kind, (one.fromUs - beginUs) / s, one.kind === "loss" ? one.samples : 0]),
    [
      ["start", -90, 0],
      ["loss", -80, 20],
      ["start", -40, 0],
      ["configuration", -40, 0],
    ],
  );
  await stop(hub);
});

test("what is too old or too much goes, by an act in the audit log, but for how each gateway is", async () => {
  const shelf = new PresenceStore(tables.pool);
  const states = ["heard", "silent"] as const;
  const dayUs = 86_400 * s;
  const changes = Array.from({ length: 10 }, (_, at) => {
    return { gateway: "gw-old", state: states[at % 2] ?? "heard", atUs: at * dayUs };
  });
  const run = await shelf.beginRun(0);
  await shelf.keep(run, [...changes, { gateway: "gw-still", state: "heard", atUs: 1 }], 9 * dayUs);
  const left = async (gateway: string) => {
    const found = await tables.pool.query<{ at_us: bigint }>(
      "select at_us from presences where gateway = $1 order by at_us",
      [gateway],
    );
    return found.rows.map(({ at_us }) => Number(at_us) / dayUs);
  };
  assert.equal(await shelf.expire(3 * dayUs, 100, nowUs), 3);
  assert.deepEqual(await left("gw-old"), [3, 4, 5, 6, 7, 8, 9]);
  assert.equal((await shelf.expire(3 * dayUs, 2, nowUs)) > 0, true);
  assert.deepEqual(await left("gw-old"), [8, 9]);
  assert.equal((await left("gw-still")).length, 1);
  assert.equal((await shelf.newest()).get("gw-still"), "heard");
  assert.equal(await brokenAudit(tables.pool), undefined);
  const audit = await tables.pool.query("select from audit_log where act = 'presences expired'");
  assert.equal(audit.rowCount, 2);
});

test("of what is more than can be shown the newest is there, and the page is told from when on it is whole", async () => {
  const hub = await startHub();
  const longAgoUs = beginUs - 1_000_000 * s;
  const second = (n: number): number => longAgoUs + n * s;
  await tables.store.hello(new TestGateway("gw-much").hello(), nowUs);
  await tables.pool.query("insert into hub_runs (started_us, until_us) values ($1, $2)", [
    ...[second(-100), second(5_000)],
  ]);
  await tables.pool.query(
    `insert into presences (gateway, state, at_us)
     select 'gw-much', (array['heard', 'silent'])[1 + n % 2], $1::bigint + n * 1000000::bigint from generate_series(0, 2001) n`,
    [longAgoUs],
  );
  const range = { fromUs: second(1), toUs: second(3_000) };
  const heard = await hub.of("gw-much", range);
  assert.deepEqual(
    [heard.entries.length, heard.entries[0]?.fromUs, heard.wholeFromUs, heard.heardFromUs],
    [2_000, second(2), second(2), undefined],
  );
  const all = await hub.of("gw-much", { ...range, fromUs: second(1.5) });
  assert.deepEqual(
    [all.entries.length, all.entries[0]?.fromUs, all.wholeFromUs],
    [2_001, second(1.5), undefined],
  );

  await tables.pool.query(
    `insert into epochs (gateway, epoch, rank, started_us, dictionary)
     select 'gw-much', 'epoch ' || n, 10 + n, $1::bigint + n * 1000000::bigint, 1 from generate_series(7000, 9001) n`,
    [longAgoUs],
  );
  const started = await hub.of("gw-much", { fromUs: second(7_001), toUs: second(9_500) });
  const starts = started.entries.filter(({ kind }) => kind === "start");
  assert.deepEqual(
    [starts.length, starts[0]?.fromUs, started.wholeFromUs],
    [2_000, second(7_002), second(7_002)],
  );
  await stop(hub);
});
