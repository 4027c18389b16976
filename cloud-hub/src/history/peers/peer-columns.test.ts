import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { peerColumns } from "./peer-columns.ts";

const minuteUs = 60e6;
const dayUs = 86_400e6;

test("columns are whole buckets, cover the time asked for, and stay where they are while it moves on", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 10, max: 5 * 366 * 86_400 }),
      fc.integer({ min: 1, max: 4_096 }),
      (days, seconds, asked) => {
        const fromUs = days * dayUs + 17e6;
        const toUs = fromUs + seconds * 1e6;
        const { tier, fromUs: beginUs, stepUs, count } = peerColumns(fromUs, toUs, asked, 0);
        assert.equal(stepUs % tier.widthUs, 0);
        assert.equal(beginUs % stepUs, 0);
        assert.ok(beginUs <= fromUs && fromUs - beginUs < stepUs);
        assert.ok(beginUs + count * stepUs >= toUs && beginUs + (count - 1) * stepUs < toUs);
        assert.ok(count <= 302, `${count} columns`);
      },
    ),
  );
});

test("an hour has its minutes, a day columns of five of them, a week its hours", () => {
  const of = (spanUs: number, minutesFromUs = 0): string => {
    const fromUs = 100 * dayUs;
    const { tier, stepUs, count } = peerColumns(fromUs, fromUs + spanUs, 1_200, minutesFromUs);
    return `${count} of ${stepUs / minuteUs} min from ${tier.table.name}`;
  };
  assert.equal(of(dayUs / 24), "60 of 1 min from rollup_minutes");
  assert.equal(of(dayUs), "288 of 5 min from rollup_minutes");
  assert.equal(of(7 * dayUs), "168 of 60 min from rollup_hours");
  // A part of the day has no minutes any more.
  assert.equal(of(dayUs, 100.5 * dayUs), "24 of 60 min from rollup_hours");
});
