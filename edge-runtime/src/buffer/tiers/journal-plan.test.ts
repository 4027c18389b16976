import assert from "node:assert/strict";
import { test } from "node:test";

import { planJournal } from "./journal-plan.ts";
import { planShedding, sheddingOrder } from "./shedding-plan.ts";

const measured = { tag: { kind: "measurement" }, point: { everyMs: 1_000 } } as const;
const state = { tag: { kind: "state" }, point: { everyMs: 1_000 } } as const;
const tags = [
  ...Array.from({ length: 75 }, () => measured),
  ...Array.from({ length: 25 }, () => state),
];
const journal = { bytesMax: 2 ** 31, commitEveryMs: 1_000 };

test("the plan says what goes in which order, after how long an outage, and what never goes", () => {
  const lines = planJournal(journal, tags);
  assert.match(lines[0] ?? "", /^2048 MiB .* above 1944 MiB, .* 100\.0 values\/s/);
  const [measurements, states, stored, told, buckets, refused, never] = lines.slice(1);
  assert.match(measurements ?? "", /^1\. after 35 days: .*measurements.*"thinned"$/);
  assert.match(states ?? "", /^2\. after \d+ days: .*states.*"thinned"$/);
  assert.match(stored ?? "", /^3\. does not come to it: .*backups/);
  assert.match(told ?? "", /^4\. after 4\d days: .*does not have.*voids.*"thinned"$/);
  assert.match(buckets ?? "", /^5\. .*"evicted"$/);
  assert.match(refused ?? "", /^6\. does not come to it: .*refused.*"queue full"$/);
  assert.match(never ?? "", /^never: alarms, events, audit/);
});

test("each step of the plan begins after the one before", () => {
  const fill = {
    usedBytes: 50_000,
    chunkBytes: 20_000,
    thinAboveBytes: 100_000,
    refuseAboveBytes: 110_000,
    frameBytesPerS: 4,
    chunkBytesPerS: 2,
    rollupBytesPerS: 1,
    unsafeS: 1_000,
    marginS: 1_000,
  };
  const { steps } = planShedding(fill, 0.6);
  assert.deepEqual(
    steps.map(({ step }) => step),
    sheddingOrder.map(({ step }) => step),
  );
  const begins = steps.map(({ beginsInS }) => beginsInS);
  assert.deepEqual(
    begins,
    begins.toSorted((a, b) => a - b),
  );
});

test("a journal whose running hour does not fit refuses, and the plan says when", () => {
  const fast = Array.from({ length: 5_000 }, () => measured);
  const lines = planJournal({ bytesMax: 64 * 2 ** 20, commitEveryMs: 100 }, fast);
  assert.match(lines[6] ?? "", /^6\. after \d+ min: new samples are refused/);
});
