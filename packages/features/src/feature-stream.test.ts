import { seededRandom } from "@millwright/kit";
import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FeatureStream } from "./feature-stream.ts";
import { featureSpec, type FeatureSpec } from "./spec.ts";

interface Sample {
  readonly input: number;
  readonly us: number;
  readonly value: number;
  readonly good: boolean;
}

const properties = ["vibration", "temperature"];
const startUs = 1_700_000_000_000_000;

function spec(gridMs: number, everyRows: number): FeatureSpec {
  const kinds = ["mean", "spread", "slope", "range", "rms", "crest", "kurtosis"] as const;
  return featureSpec.parse({
    gridMs,
    holdMs: 3 * gridMs,
    graceMs: 2 * gridMs,
    everyRows,
    windows: [
      ...kinds.map((kind) => ({ name: kind, property: "vibration", kind, rows: 7 })),
      { name: "now", property: "temperature", kind: "value", rows: 1 },
      { name: "slow", property: "temperature", kind: "mean", rows: 20 },
      { name: "band", property: "vibration", kind: "band", rows: 8, fromHz: 0, toHz: 500 / gridMs },
    ],
  });
}

/** Every vector and every refusal, as words: bits of the doubles, so that nothing is rounded away. */
function play(of: FeatureSpec, samples: readonly Sample[], lag = 0, advanceEvery = 0): string[] {
  const said: string[] = [];
  const stream = new FeatureStream(
    of,
    properties,
    {
      scorable(endUs, vector) {
        const bits = new BigUint64Array(Float64Array.from(vector).buffer);
        said.push(`${endUs} ${[...bits].map((word) => word.toString(16)).join(" ")}`);
      },
      lacking() {
        // Compared by the test that is about it.
      },
    },
    lag,
  );
  samples.forEach(({ input, us, value, good }, index) => {
    stream.push(input, us, value, good);
    if (advanceEvery > 0 && index % advanceEvery === 0) stream.advance(us);
  });
  stream.finish();
  assert.equal(stream.late, 0);
  return said;
}

/** Two noisy inputs on their own clocks, with gaps and bad values. */
function noisySamples(seed: number, count: number, gridUs: number): Sample[] {
  const random = seededRandom(seed);
  const samples: Sample[] = [];
  let us = startUs;
  for (let index = 0; index < count; index++) {
    us += gridUs * (random.next() < 0.02 ? 12 * random.next() : 1);
    for (const input of [0, 1]) {
      samples.push({
        input,
        us: Math.round(us + 0.3 * gridUs * random.next()),
        value: 1e6 + random.normal(),
        good: random.next() > 0.01,
      });
    }
  }
  return samples;
}

test("live and backtest give the same bits, wherever the run begins and whoever asks in between", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 3 }),
      (seed, skipped, everyRows, lag) => {
        const of = spec(100, everyRows);
        const samples = noisySamples(seed, 200, 100_000);
        const live = play(of, samples, lag);
        assert.deepEqual(play(of, samples, lag, 3), live, "the clock is told now and then");
        const known = new Set(live);
        const later = play(of, samples.slice(2 * skipped), lag);
        for (const vector of later) assert.ok(known.has(vector), "a later beginning");
        assert.ok(live.length < 10 || skipped > 100 || later.length > 0);
      },
    ),
    { numRuns: 60 },
  );
});

test("samples that come in another order within the grace give the same bits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const of = spec(100, 1);
      const samples = noisySamples(seed, 100, 100_000);
      const random = seededRandom(seed);
      // Each input has a delay of its own, below the grace of two rows; its own samples stay in order.
      const lastAt = [-Infinity, -Infinity];
      const delayed = samples
        .map((sample, index) => {
          // A run begins with its first sample, so that one is the first in both orders.
          const dueUs = index === 0 ? -Infinity : sample.us + 190_000 * random.next();
          const at = Math.max(lastAt[sample.input] ?? -Infinity, dueUs);
          lastAt[sample.input] = at;
          return { sample, at };
        })
        .sort((a, b) => a.at - b.at)
        .map(({ sample }) => sample);
      assert.deepEqual(play(of, delayed), play(of, samples));
    }),
    { numRuns: 40 },
  );
});

test("features are what their definitions say, also far from zero", () => {
  const of = spec(1_000, 1);
  const random = seededRandom("definitions");
  const values = Array.from({ length: 50 }, () => 1e7 + random.normal());
  const vectors: number[][] = [];
  const stream = new FeatureStream(of, properties, {
    scorable: (_endUs, vector) => vectors.push([...vector]),
    lacking: () => undefined,
  });
  // The row of the first sample may have lost its beginning and is left out.
  stream.push(0, 0, NaN, true);
  values.forEach((value, row) => {
    stream.push(0, (row + 1) * 1e6, value, true);
    stream.push(1, (row + 1) * 1e6, -value, true);
  });
  assert.equal(vectors.length, 31, "the longest window is 20 rows");
  vectors.forEach((vector, index) => {
    const window = values.slice(13 + index, 20 + index).map((value) => value - 1e7);
    const mean = sum(window) / 7;
    const apart = window.map((value) => value - mean);
    const second = sum(apart.map((value) => value ** 2));
    const expected = {
      mean: 1e7 + mean,
      spread: Math.sqrt(second / 6),
      slope: sum(apart.map((value, t) => value * (t - 3))) / 28,
      range: Math.max(...window) - Math.min(...window),
      rms: Math.sqrt(sum(window.map((value) => (1e7 + value) ** 2)) / 7),
      crest: (1e7 + Math.max(...window)) / (1e7 + mean),
      kurtosis: (7 * sum(apart.map((value) => value ** 4))) / second ** 2,
    };
    Object.entries(expected).forEach(([kind, value], place) => {
      const got = vector[place] ?? NaN;
      assert.ok(
        Math.abs(got - value) <= 1e-6 * Math.max(1, Math.abs(value) * 1e-6),
        `${kind}: ${got}, ${value}`,
      );
    });
    assert.equal(vector[7], -(values[19 + index] ?? NaN));
  });
});

test("a bad, an old and an absent input are named, and windows begin anew after them", () => {
  const of = featureSpec.parse({
    gridMs: 1_000,
    holdMs: 2_000,
    graceMs: 1_000,
    everyRows: 1,
    windows: properties.map((property) => ({ name: property, property, kind: "mean", rows: 3 })),
  });
  const said: string[] = [];
  const stream = new FeatureStream(of, properties, {
    scorable: (endUs) => said.push(`${endUs / 1e6} scored`),
    lacking: (endUs, input, reason) => said.push(`${endUs / 1e6} ${properties[input]} ${reason}`),
  });
  for (let row = -1; row < 14; row++) {
    stream.push(0, row * 1e6, 1, row !== 5);
    // The temperature comes late, and falls silent after row 8.
    if (row >= 1 && row <= 8) stream.push(1, row * 1e6, 2, true);
  }
  stream.finish();
  assert.deepEqual(said, [
    "1 vibration unfilled",
    "2 vibration unfilled",
    "3 temperature unfilled",
    "4 scored",
    "5 scored",
    "6 vibration bad",
    "7 vibration unfilled",
    "8 vibration unfilled",
    "9 scored",
    "10 scored",
    "11 scored",
    "12 temperature stale",
    "13 temperature stale",
    "14 temperature stale",
  ]);
});

/** Vibration each second for 40 s beside a temperature that came once, long before. @returns what came of each row */
function besideConstant(heldUntilS: number): readonly string[] {
  const of = featureSpec.parse({
    gridMs: 1_000,
    holdMs: 2_000,
    graceMs: 1_000,
    everyRows: 1,
    windows: properties.map((property) => ({ name: property, property, kind: "value", rows: 1 })),
  });
  const said: string[] = [];
  const stream = new FeatureStream(of, properties, {
    scorable: (endUs, vector) => said.push(`${endUs / 1e6} ${vector[1]}`),
    lacking: (endUs, input, reason) => said.push(`${endUs / 1e6} ${properties[input]} ${reason}`),
  });
  stream.push(0, 10e6, 1, true);
  // Measured before everything that is open, in an order that a server may choose.
  stream.push(1, 3e6, 7, true);
  for (let row = 11; row < 40; row++) {
    if (row < heldUntilS) stream.holdUntil(1, Math.min(heldUntilS, row + 3) * 1e6);
    stream.push(0, row * 1e6, 1, true);
  }
  stream.finish();
  return said;
}

test("a value that does not change stays in its rows for as long as the device proves it, and no longer", () => {
  const proven = besideConstant(30);
  assert.deepEqual(proven.slice(0, 2), ["12 7", "13 7"]);
  assert.deepEqual(proven.slice(17, 20), ["29 7", "30 7", "31 temperature stale"]);
  // The control: without a proof it is as old as it says.
  assert.ok(besideConstant(0).every((line) => line.endsWith("temperature stale")));
});

test("a proof makes no bad value good, and none where there was none", () => {
  const of = spec(1_000, 1);
  const said = new Set<string>();
  const stream = new FeatureStream(of, properties, {
    scorable: () => said.add("scored"),
    lacking: (_endUs, input, reason) => said.add(`${properties[input]} ${reason}`),
  });
  stream.holdUntil(0, Infinity);
  stream.holdUntil(1, Infinity);
  stream.push(1, 0, 5, true);
  stream.push(1, 1e6, 5, false);
  for (let row = 2; row < 40; row++) stream.advance(row * 1e6);
  assert.deepEqual([...said], ["vibration absent"]);
  stream.push(0, 41e6, 1, true);
  for (let row = 42; row < 80; row++) stream.push(0, row * 1e6, 1, true);
  assert.deepEqual([...said], ["vibration absent", "vibration unfilled", "temperature bad"]);
});

test("a row without a sample keeps the newest value, not the first of the row before", () => {
  const of = featureSpec.parse({
    gridMs: 1_000,
    holdMs: 3_000,
    graceMs: 0,
    everyRows: 1,
    windows: [{ name: "now", property: "vibration", kind: "value", rows: 1 }],
  });
  const seen: number[] = [];
  const stream = new FeatureStream(of, properties, {
    scorable: (_endUs, vector) => seen.push(vector[0] ?? NaN),
    lacking: () => undefined,
  });
  stream.push(0, 0, 1, true);
  stream.push(0, 1.1e6, 2, true);
  stream.push(0, 1.9e6, 3, true);
  stream.advance(3e6);
  assert.deepEqual(seen, [2, 3]);
});

test("a feature of an input that an asset does not have stands at its `missing`", () => {
  const of = featureSpec.parse({
    gridMs: 1_000,
    holdMs: 0,
    graceMs: 0,
    everyRows: 1,
    windows: [
      { name: "a", property: "vibration", kind: "mean", rows: 1 },
      { name: "b", property: "temperature", kind: "mean", rows: 1, missing: -1 },
    ],
  });
  const vectors: number[][] = [];
  const stream = new FeatureStream(of, properties, {
    scorable: (_endUs, vector) => vectors.push([...vector]),
    lacking: () => undefined,
  });
  stream.push(0, 0, 4, true);
  stream.push(0, 1e6, 5, true);
  stream.finish();
  assert.deepEqual(vectors, [[5, -1]]);
});

test("lagged windows stand behind the newest, oldest last", () => {
  const of = featureSpec.parse({
    gridMs: 1_000,
    holdMs: 0,
    graceMs: 0,
    everyRows: 2,
    windows: [{ name: "v", property: "v", kind: "value", rows: 1 }],
  });
  const vectors: number[][] = [];
  const sink = {
    scorable: (_us: number, vector: Float64Array) => vectors.push([...vector]),
    lacking: () => undefined,
  };
  const stream = new FeatureStream(of, ["v"], sink, 2);
  for (let row = 0; row < 10; row++) stream.push(0, row * 1e6, row, true);
  assert.deepEqual(vectors, [
    [5, 3, 1],
    [7, 5, 3],
    [9, 7, 5],
  ]);
});

test("a silence of a year costs no rows, and the late sample after it is counted", () => {
  const of = spec(1_000, 1);
  let rows = 0;
  const count = (): void => {
    rows++;
  };
  const stream = new FeatureStream(of, properties, { scorable: count, lacking: count });
  stream.push(0, 0, 1, true);
  stream.push(0, 3.15e13, 1, true);
  stream.advance(6.3e13);
  stream.push(0, 1e6, 1, true);
  assert.equal(stream.late, 1);
  assert.ok(rows < 200, String(rows));
});

test("a spec that cannot be computed is refused with what it needs", () => {
  const good = { name: "b", property: "v", kind: "band", rows: 8, fromHz: 0, toHz: 0.5 };
  const grid = { gridMs: 1_000, holdMs: 0, graceMs: 0, everyRows: 1 };
  assert.ok(featureSpec.safeParse({ ...grid, windows: [good] }).success);
  for (const [wrong, says] of [
    [{ ...good, rows: 9 }, /power of two/],
    [{ ...good, toHz: 2 }, /half the rate/],
    [{ ...good, kind: "mean" }, /nothing else has them/],
    [{ name: "k", property: "v", kind: "kurtosis", rows: 3 }, /longer window/],
  ] as const) {
    const answer = featureSpec.safeParse({ ...grid, windows: [wrong] });
    assert.match(answer.error?.message ?? "", says);
  }
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
