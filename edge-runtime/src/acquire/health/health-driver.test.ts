import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import test from "node:test";
import { promisify } from "node:util";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { isTagId, status, type DeviceId } from "@millwright/wire-contract";

import type { DriverContext, ReadingBatch } from "../driver.ts";
import { firstLookAfterMs, healthDriver, healthTags } from "./health-driver.ts";
import { measureAddresses } from "./measures.ts";

const never = new AbortController().signal;
const points = healthTags("gateway" as DeviceId).map(({ point }) => point);

function played(): {
  clock: PlayedClock;
  context: DriverContext;
  told: { due: number; lost: number };
} {
  const clock = new PlayedClock();
  const told = { due: 0, lost: 0 };
  return {
    clock,
    told,
    context: {
      device: "gateway",
      clock,
      random: seededRandom("health"),
      log: silentLog,
      queueMax: 100,
      stateFolder: tmpdir(),
      due: (count) => (told.due += count),
      lost: (_point, count) => (told.lost += count),
      proven: () => undefined,
      note: () => undefined,
      badge: () => undefined,
    },
  };
}

/** Pulls the next batch while the clock is played on. */
async function next(
  batches: AsyncIterator<ReadingBatch>,
  clock: PlayedClock,
  passMs: number,
): Promise<ReadingBatch> {
  const pulled = batches.next();
  await clock.advance(passMs);
  const result = await pulled;
  assert.ok(result.done !== true);
  return result.value;
}

function valueOf(batch: ReadingBatch, address: string): { value: number; status: number } {
  const at = points.findIndex((point) => point.address === address);
  return { value: batch.value[at] ?? NaN, status: batch.status[at] ?? NaN };
}

/** Page faults of all programs that this process has started and that have ended (proc(5), field 11): none ends without. */
function faultsOfChildren(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[8]);
}

test("no program is started for a round", async () => {
  const { clock, context } = played();
  const session = await healthDriver.open({ everySeconds: 10 }, points, context, never);
  const batches = session.readings(never)[Symbol.asyncIterator]();
  const before = faultsOfChildren();
  await next(batches, clock, firstLookAfterMs);
  await next(batches, clock, 10_000);
  assert.equal(faultsOfChildren(), before);
  // The count is not blind: a program that is started is seen, whoever waits for it.
  await promisify(execFile)(process.execPath, ["--version"]);
  const afterOne = faultsOfChildren();
  assert.ok(afterOne > before);
  execFileSync("/bin/true");
  assert.ok(faultsOfChildren() > afterOne);
  await batches.return?.();
});

test("every value of a round is plausible, or bad where this machine cannot say", async () => {
  const { clock, context } = played();
  const session = await healthDriver.open({ everySeconds: 10 }, points, context, never);
  const batches = session.readings(never)[Symbol.asyncIterator]();
  const batch = await next(batches, clock, firstLookAfterMs);
  assert.equal(batch.count, measureAddresses.length);
  for (const address of ["cpu.load", "memory.used", "disk.used"]) {
    const { value, status: code } = valueOf(batch, address);
    assert.equal(code, status.good, address);
    assert.ok(value >= 0 && value <= 100, `${address} is ${value}`);
  }
  for (const address of ["memory.available", "disk.free", "process.rss", "uptime"]) {
    assert.ok(valueOf(batch, address).value > 0, address);
  }
  const temperature = valueOf(batch, "temperature.cpu");
  assert.ok(
    temperature.status === status.badNotSupported ||
      (temperature.value > -55 && temperature.value < 150),
  );
  // A rate needs a span; nothing is made up before.
  assert.equal(valueOf(batch, "disk.written_per_day").status, status.badNotSupported);
  await batches.return?.();
});

test("rounds come at their time, and those that a slow caller missed are counted", async () => {
  const { clock, context, told } = played();
  const session = await healthDriver.open({ everySeconds: 10 }, points, context, never);
  const batches = session.readings(never)[Symbol.asyncIterator]();
  const first = await next(batches, clock, firstLookAfterMs);
  const second = await next(batches, clock, 10_000);
  assert.equal(second.receivedUs - first.receivedUs, 10_000_000);
  assert.deepEqual(told, { due: 2 * points.length, lost: 0 });
  // Two rounds pass while the caller is busy with the second.
  await clock.advance(25_000);
  const third = await next(batches, clock, 0);
  assert.equal(third.receivedUs - first.receivedUs, 35_000_000);
  assert.deepEqual(told, { due: 4 * points.length, lost: points.length });
  const fourth = await next(batches, clock, 5_000);
  assert.equal(fourth.receivedUs - first.receivedUs, 40_000_000);
  await batches.return?.();
});

test("the readings end when they are told to", async () => {
  const { clock, context } = played();
  const stop = new AbortController();
  const session = await healthDriver.open({ everySeconds: 10 }, points, context, never);
  const batches = session.readings(stop.signal)[Symbol.asyncIterator]();
  assert.ok((await next(batches, clock, firstLookAfterMs)).count > 0);
  stop.abort();
  assert.equal((await batches.next()).done, true);
  assert.equal((await session.write(0, 1, never)).kind, "refused");
});

test("an unknown address is refused with the list of those that are known", () => {
  const [point] = points;
  assert.ok(point !== undefined);
  assert.equal(healthDriver.checkPoint({ everySeconds: 10 }, point), undefined);
  const refused = healthDriver.checkPoint({ everySeconds: 10 }, { ...point, address: "toString" });
  assert.match(refused?.reason ?? "", /knows no toString.*cpu\.load/);
  assert.equal(healthDriver.settings.safeParse({ everySeconds: 1 }).success, false);
});

test("the default tags have permanent ids and cover every measure", () => {
  const tags = healthTags("gateway" as DeviceId);
  assert.deepEqual(
    tags.map(({ point }) => point.address),
    measureAddresses,
  );
  for (const { point, tag } of tags) {
    assert.ok(isTagId(tag.id));
    assert.equal(point.tag, tag.id);
  }
});

test("browsing offers every measure with its unit and value", async () => {
  const { context } = played();
  const offered = [];
  for await (const each of healthDriver.browse?.({ everySeconds: 10 }, context, 100, never) ?? []) {
    offered.push(each);
  }
  assert.deepEqual(
    offered.map(({ address }) => address),
    measureAddresses,
  );
  assert.ok(
    offered.some(
      ({ address, unit, value }) =>
        address === "memory.used" && unit === "%" && typeof value === "number",
    ),
  );
});
