import { seededRandom } from "@millwright/kit";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bestF1, countAt, curveOf, ratesOf } from "./counts.ts";
import { dataFolder, DataMissing } from "./data-folder.ts";
import type { NabSeries } from "./nab-data.ts";
import { RecordDetector } from "./nab-detector.ts";
import { bestNab, nabAt, nabProfiles, rowWorths } from "./nab-score.ts";
import { SkabDetector } from "./skab-detector.ts";
import { TepDetector } from "./tep-detector.ts";

/** 400 rows, of which 60 are on probation, with a window from row 200 to row 219. */
const series: NabSeries = {
  file: "made/one.csv",
  timesMs: Float64Array.from({ length: 400 }, (_unused, row) => row * 300_000),
  values: new Float64Array(400),
  windows: [[200, 219]],
};

function alarmsAt(...rows: readonly number[]): Float64Array {
  return Float64Array.from({ length: 400 }, (_unused, row) => (rows.includes(row) ? 0.9 : 0));
}

function nabOf(...rows: readonly number[]): number {
  return nabAt([series], [alarmsAt(...rows)], nabProfiles.standard, 0.5);
}

/** As the benchmark's authors define it. */
function sigmoid(position: number): number {
  return 2 / (1 + Math.exp(5 * position)) - 1;
}

test("the NAB score is 0 for silence and 100 for an alarm in the first row of each window", () => {
  assert.equal(nabOf(), 0);
  assert.ok(Math.abs(nabOf(200) - 100) < 1e-9);
  assert.equal(bestNab([series], [alarmsAt()], nabProfiles.standard).score, 0);
});

test("in a window only the best placed alarm counts, and a later one is worth less", () => {
  assert.equal(nabOf(200, 205, 219), nabOf(200));
  assert.ok(nabOf(215) < nabOf(205));
  const last = sigmoid(-1 / 20) / sigmoid(-1);
  assert.ok(Math.abs(nabOf(219) - 50 * (last + 1)) < 1e-9);
});

test("each alarm outside costs up to its full weight, less just behind a window, none on probation", () => {
  assert.ok(Math.abs(nabOf(200, 100) - (100 - 50 * 0.11)) < 1e-9);
  const behind = -0.11 * sigmoid(3 / 19);
  assert.ok(Math.abs(nabOf(200, 222) - (100 - 50 * behind)) < 1e-9);
  assert.ok(Math.abs(nabOf(200, 300) - (100 - 50 * 0.11)) < 1e-9, "more than three widths behind");
  assert.equal(nabOf(200, 59), nabOf(200));
  assert.ok(nabOf(200, 60) < nabOf(200));
  assert.equal(rowWorths(series, 0.11).filter(({ window }) => window === 0).length, 20);
});

test("a missed window costs twice where missing is punished, and false alarms where they are", () => {
  const scored = [alarmsAt(100)];
  const low = nabAt([series], scored, nabProfiles.rewardLowFn, 0.5);
  assert.ok(Math.abs(low - (100 * -0.11) / 3) < 1e-9);
  const strict = nabAt([series], scored, nabProfiles.rewardLowFp, 0.5);
  assert.ok(Math.abs(strict - (100 * -0.22) / 2) < 1e-9);
});

test("the best threshold is the one that a search over all of them finds", () => {
  const random = seededRandom("thresholds");
  const scores = [series.values.map(() => random.int(20) / 20)];
  const best = bestNab([series], scores, nabProfiles.standard);
  const searched = Array.from({ length: 23 }, (_unused, at) =>
    nabAt([series], scores, nabProfiles.standard, at / 20),
  );
  assert.ok(Math.abs(best.score - Math.max(...searched)) < 1e-9);
  assert.equal(nabAt([series], scores, nabProfiles.standard, best.threshold), best.score);
});

test("rates come from counts, and the curve holds every threshold that changes something", () => {
  const rows = [
    { score: 3, anomaly: true },
    { score: 2, anomaly: false },
    { score: 2, anomaly: true },
    { score: 1, anomaly: false },
  ];
  assert.deepEqual(countAt(rows, 2), { tp: 2, fp: 1, tn: 1, fn: 0 });
  assert.deepEqual(ratesOf({ tp: 2, fp: 1, tn: 1, fn: 0 }), {
    f1: 0.8,
    farPercent: 50,
    marPercent: 0,
  });
  assert.deepEqual(
    curveOf(rows).map(({ threshold }) => threshold),
    [3, 2, 1],
  );
  assert.equal(bestF1(curveOf(rows))?.threshold, 2);
  assert.equal(bestF1(curveOf(rows), ({ farPercent }) => farPercent < 50)?.threshold, 3);
});

/** Correlated noise that jumps in the end. */
function rowsOf(seed: string, count: number, width: number): readonly Float64Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_unused, row) => {
    const common = random.normal();
    return Float64Array.from(
      { length: width },
      () => common + random.normal() + (row > 0.8 * count ? 4 : 0),
    );
  });
}

test("no detector looks ahead: what comes later changes no score before it", () => {
  const rows = rowsOf("causal", 700, 3);
  const skab = (upTo: number): readonly number[] => {
    const detector = new SkabDetector(["Current", "Temperature", "Flow"]);
    return rows.slice(0, upTo).map((row) => detector.push(row));
  };
  assert.deepEqual(skab(700).slice(0, 600), skab(600));
  const tep = new TepDetector(rowsOf("training", 300, 3).slice(0, 200), rows.slice(0, 300));
  assert.deepEqual(tep.score(rows).slice(0, 600), tep.score(rows.slice(0, 600)));
  const nab = (upTo: number): readonly number[] => {
    const detector = new RecordDetector();
    return rows.slice(0, upTo).map((row, at) => detector.push(at * 300_000, row[0] ?? 0));
  };
  assert.deepEqual(nab(700).slice(0, 650), nab(650));
});

test("each detector sees a jump that its data have, and is quiet before", () => {
  const rows = rowsOf("jump", 1_000, 3);
  const skab = new SkabDetector(["Current", "Temperature", "Flow"]);
  const scores = rows.map((row) => skab.push(row));
  assert.ok(Math.max(...scores.slice(400, 800)) < 2);
  assert.ok(Math.min(...scores.slice(830)) > 2);
  const tep = new TepDetector(rows.slice(0, 300), rows.slice(300, 600));
  assert.ok(Math.min(...tep.score(rows).slice(830)) > 1);
  const nab = new RecordDetector();
  const said = rows.map((row, at) => nab.push(at * 300_000, (row[0] ?? 0) + (at === 900 ? 40 : 0)));
  assert.equal(said.indexOf(Math.max(...said)), 900);
});

test("data that are not there are missed by name, with what to do", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "data-folder-"));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  assert.throws(() => dataFolder(folder, "skab", ["valve1", "other"]), DataMissing);
  assert.throws(
    () => dataFolder(folder, "skab", ["valve1", "other"]),
    /there is no valve1 or other/,
  );
  mkdirSync(join(folder, "skab"));
  writeFileSync(join(folder, "skab", "valve1"), "");
  assert.equal(dataFolder(folder, "skab", ["valve1", "other"]), join(folder, "skab"));
  assert.equal(dataFolder(join(folder, "skab"), "skab", ["valve1", "other"]), join(folder, "skab"));
});
