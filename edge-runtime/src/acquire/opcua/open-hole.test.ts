import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "@millwright/kit";

import type { Change } from "./intake.ts";
import { ItemLags } from "./item-lags.ts";
import type { ItemPlan } from "./items.ts";
import { loadLibrary, type opcua } from "./library.ts";
import { OpenHole } from "./open-hole.ts";

const library = await loadLibrary(silentLog);
/** 12:00, in a server whose clock is right. */
const noonUs = Date.UTC(2026, 0, 1, 12) * 1_000;
const minuteUs = 60_000_000;

function changeOf(item: number, us: number): Change {
  const value = {
    ...{ value: null, statusCode: { value: 0 }, sourcePicoseconds: 0 },
    sourceTimestamp: new Date(us / 1_000),
  };
  return { item, value };
}

const nodeIds: readonly opcua.NodeId[] = [1, 2].map(
  (id) => new library.NodeId(library.NodeId.NodeIdType.NUMERIC, id),
);
const lags = new ItemLags(
  nodeIds.map(() => ({ samplingMs: 0 }) as ItemPlan),
  1_000,
  [[1, 1, 10 * minuteUs]],
);

test("a value that is the one we had before has no hole, however long ago it was measured", () => {
  const weekAgoUs = noonUs - 7 * 24 * 60 * minuteUs;
  const before = Float64Array.of(weekAgoUs, noonUs - minuteUs);
  const ends = { sinceUs: 0, untilUs: 0, fromUs: noonUs - minuteUs, toUs: 0 };
  const hole = new OpenHole(ends, before);
  hole.noteMessage([changeOf(0, weekAgoUs), changeOf(1, noonUs)], noonUs);
  const { holes, unreadable } = hole.plan(lags, nodeIds, noonUs);
  assert.deepEqual(
    holes.map(({ item, fromUs, toUs }) => [item, fromUs, toUs]),
    [[1, noonUs - minuteUs, noonUs]],
  );
  assert.deepEqual(unreadable, []);
});

test("a new process asks for what a clock that is behind has stamped since, and not only for what the others have", () => {
  const ends = { sinceUs: 0, untilUs: 0, fromUs: noonUs - minuteUs, toUs: noonUs };
  const { holes } = new OpenHole(ends, Float64Array.of(NaN, NaN)).plan(lags, nodeIds, noonUs);
  assert.deepEqual(
    holes.map(({ fromUs, toUs }) => [(noonUs - fromUs) / minuteUs, toUs]),
    [
      [1.05, noonUs],
      [11, noonUs],
    ],
  );
});
