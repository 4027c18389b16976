import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";

import type { DriverContext } from "../driver.ts";
import { FeatureFeed, featureDriver } from "./feature-driver.ts";

const good = { value: 1.5, status: 0 };

function contextOf(told: { due: number; lost: string[] }): DriverContext {
  return {
    device: "captures",
    clock: new PlayedClock(),
    random: seededRandom("features"),
    log: silentLog,
    queueMax: 100,
    stateFolder: tmpdir(),
    due: (count) => (told.due += count),
    lost: (point, count, reason, fromUs) =>
      told.lost.push(`${count} of ${point}: ${reason} at ${fromUs}`),
    proven: () => undefined,
    note: () => undefined,
    badge: () => undefined,
  };
}

test("features of a capture are readings with its time, and those that still wait at the end are charged", async () => {
  const told = { due: 0, lost: [] as string[] };
  const feed = new FeatureFeed();
  const end = new AbortController();
  const session = await featureDriver.open(feed, [], contextOf(told), end.signal);
  const batches = session.readings(end.signal)[Symbol.asyncIterator]();
  const pulled = batches.next();
  assert.ok(
    feed.offer(7_000_000, [
      { point: 2, ...good },
      { point: 0, value: NaN, status: 0x803d_0000 },
    ]),
  );
  const first = await pulled;
  assert.ok(first.done !== true);
  const batch = first.value;
  assert.deepEqual([...batch.point], [2, 0]);
  assert.deepEqual([...batch.measuredUs], [7_000_000, 7_000_000]);
  assert.deepEqual([...batch.value], [1.5, NaN]);

  // The reader is busy, and then the gateway stops.
  const next = batches.next();
  end.abort();
  feed.offer(8_000_000, [{ point: 1, ...good }]);
  assert.equal((await next).done, true);
  assert.deepEqual(told, { due: 3, lost: ["1 of 1: gateway down at 8000000"] });
});

test("a feed that nobody reads takes a bounded number of captures, and says so", () => {
  const feed = new FeatureFeed();
  let taken = 0;
  while (feed.offer(taken, [{ point: 0, ...good }])) taken++;
  assert.equal(taken, 256);
  assert.equal(feed.take()?.measuredUs, 0);
  assert.equal(feed.offer(0, []), true);
});
