import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { fuse, type Finding } from "./fusion.ts";

const finding = (more: Partial<Finding>): Finding => ({
  tag: "pump-1/vibration",
  level: "statistic",
  class: "drift",
  score: 1.2,
  detector: "EWMA 30 s",
  actual: 4,
  expected: 1,
  within: 0.5,
  ...more,
});

const findings = fc.array(
  fc
    .record({
      tag: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"),
      level: fc.constantFrom("limit" as const, "statistic" as const, "model" as const),
      class: fc.constantFrom("drift" as const, "flat-line" as const, "missing" as const),
      score: fc.double({ min: 0, max: 50, noNaN: true }),
      detector: fc.constantFrom("one", "two", "three"),
    })
    .map(finding),
  { maxLength: 40 },
);

test("whatever speaks, the shares of an episode add up to one and its severity lies between none and all", () => {
  fc.assert(
    fc.property(findings, (all) => {
      const fused = fuse(all);
      if (fused === undefined) {
        assert.ok(all.every(({ score }) => score < 0.6));
        return;
      }
      const sum = fused.contributions.reduce((total, { share }) => total + share, 0);
      assert.ok(Math.abs(sum - 1) <= 0.005, `${sum}`);
      assert.ok(fused.severity >= 0 && fused.severity <= 1);
      assert.ok(fused.contributions.length <= 8);
      assert.equal(
        new Set(fused.contributions.map(({ tag }) => tag)).size,
        fused.contributions.length,
      );
      assert.equal(fused.score, Math.max(...all.map(({ score }) => score)));
      assert.ok(fused.levels.length > 0);
    }),
  );
});

test("a tag that three detectors see counts once, with the one that says most", () => {
  const fused = fuse([
    finding({ score: 1.1, detector: "CUSUM" }),
    finding({ score: 2, detector: "EWMA 30 s", actual: 6 }),
    finding({ tag: "pump-1/temperature", score: 1 }),
  ]);
  assert.deepEqual(
    fused?.contributions.map(({ tag, share, actual }) => [tag, share, actual]),
    [
      ["pump-1/vibration", 0.8, 6],
      ["pump-1/temperature", 0.2, 4],
    ],
  );
  assert.deepEqual(fused.detectors, ["EWMA 30 s", "CUSUM"]);
});

test("three tags that change together are a pattern; most of them silent is missing data", () => {
  const tags = ["a", "b", "c"];
  assert.equal(fuse(tags.map((tag) => finding({ tag })))?.class, "pattern");
  assert.equal(fuse([finding({})])?.class, "drift");
  const missing = {
    class: "missing",
    level: "limit",
    detector: "missing data",
    score: 40,
  } as const;
  assert.equal(fuse(tags.map((tag) => finding({ tag, ...missing })))?.class, "missing");
});

test("what a limit says weighs more than the same from a statistic", () => {
  const byLimit = fuse([finding({ level: "limit" })]);
  const byStatistic = fuse([finding({})]);
  assert.ok((byLimit?.severity ?? 0) > (byStatistic?.severity ?? 1));
});
