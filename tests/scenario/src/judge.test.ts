import assert from "node:assert/strict";
import { test } from "node:test";

import type { DeviceId, LedgerEntry, TagId } from "@millwright/wire-contract";

import { judge, type Produced, type Stored } from "./judge.ts";

const produced: readonly Produced[] = [1, 2, 3, 4].map((value) => ({
  tag: "a",
  device: "d",
  atUs: value * 1_000,
  value,
}));
const stored = (...values: readonly number[]): readonly Stored[] =>
  values.map((value) => ({ tag: "a", measuredUs: value * 1_000, value }));
const entry = (fromUs: number, toUs: number, scope: LedgerEntry["scope"]): LedgerEntry => ({
  number: 1,
  reason: "gateway down",
  scope,
  fromUs,
  toUs,
  count: { kind: "unknown" },
});

test("all stored once and in order is a kept promise", () => {
  const verdict = judge(produced, stored(1, 2, 3, 4), [], 0);
  assert.deepEqual(
    [verdict.unexplained, verdict.doubled, verdict.invented, verdict.disordered],
    [[], [], [], []],
  );
});

test("a missing sample is unexplained until an entry of its tag, device or gateway covers its time", () => {
  assert.equal(judge(produced, stored(1, 2, 4), [], 0).unexplained[0]?.value, 3);
  for (const scope of [
    { kind: "gateway" },
    { kind: "device", device: "d" as DeviceId },
    { kind: "tag", tag: "a" as TagId },
  ] as const) {
    assert.equal(judge(produced, stored(1, 2, 4), [entry(2_500, 3_500, scope)], 0).explained, 1);
  }
  const other = entry(2_500, 3_500, { kind: "tag", tag: "b" as TagId });
  assert.equal(judge(produced, stored(1, 2, 4), [other], 0).unexplained.length, 1);
  const earlier = entry(0, 2_000, { kind: "gateway" });
  assert.equal(judge(produced, stored(1, 2, 4), [earlier], 0).unexplained.length, 1);
});

test("a sample stored twice, never produced, or out of order is found", () => {
  assert.equal(judge(produced, stored(1, 2, 2, 3, 4), [], 0).doubled.length, 1);
  assert.equal(judge(produced, stored(1, 2, 3, 4, 9), [], 0).invented.length, 1);
  assert.equal(judge(produced, stored(1, 3, 2, 4), [], 0).disordered.length, 1);
});
