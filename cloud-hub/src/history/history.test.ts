import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { History } from "./history.ts";
import { TestGateway, testTag } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "./test-history.ts";

let opened: TestHistory;
let history: History;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const hourUs = 3_600 * secondUs;
/** Three hours, a sample each five seconds, of which the last half hour is not sorted. */
const all = Array.from({ length: 2_160 }, (_, at) => at * 5);
const gateway = new TestGateway("gw-history", [testTag(0), testTag(1)]);
const valueAt = (at: number): number => (at === 4_000 ? 99 : Math.round(at / 60) / 10);

before(async () => {
  opened = await openTestHistory();
  history = new History({ reader: opened.store, pool: opened.pool });
  const frames = Array.from({ length: 36 }, (_, at) =>
    gateway.samples(
      all
        .slice(at * 60, at * 60 + 60)
        .map((s) => [0, valueAt(s), testDayUs + s * secondUs] as const),
    ),
  );
  await opened.take(gateway, gateway.dictionaryFrame(), ...frames.slice(0, 30));
  await opened.sorter.sortAll(none);
  await opened.take(gateway, ...frames.slice(30));
});
after(() => opened[Symbol.asyncDispose]());

test("samples come from chunks and from frames that are not sorted, in order and each of them once", async () => {
  const samples = await history.samples(
    gateway.gateway,
    "pump/t0",
    testDayUs,
    testDayUs + 3 * hourUs,
  );
  assert.deepEqual(
    [...samples.measuredUs].map((us) => (us - testDayUs) / secondUs),
    all,
  );
  assert.deepEqual([...samples.value], all.map(valueAt));
});

for (const tier of ["samples", "minutes", "hours"] as const) {
  test(`a line drawn from ${tier} shows the peak, the first value and the last`, async () => {
    const [line] = await history.lines(
      gateway.gateway,
      ["pump/t0", "pump/t1"],
      testDayUs,
      testDayUs + 3 * hourUs,
      300,
      tier,
    );
    assert.ok(line !== undefined);
    assert.equal(Math.max(...line.values), 99);
    assert.equal(line.values[0], valueAt(0));
    assert.equal(line.values.at(-1), valueAt(all.at(-1) ?? 0));
    const rising = line.times.every((us, at) => at === 0 || us >= (line.times[at - 1] ?? 0));
    assert.ok(rising);
  });
}

test("the tier is chosen by the width of a pixel: a day on 1,200 pixels is drawn from minutes", async () => {
  const day = await history.line(
    gateway.gateway,
    "pump/t0",
    testDayUs,
    testDayUs + 24 * hourUs,
    1_200,
  );
  const minutes = await history.lines(
    gateway.gateway,
    ["pump/t0"],
    testDayUs,
    testDayUs + 24 * hourUs,
    1_200,
    "minutes",
  );
  assert.deepEqual(day, minutes[0]);
  const zoomed = await history.line(
    gateway.gateway,
    "pump/t0",
    testDayUs,
    testDayUs + hourUs - 1,
    1_200,
  );
  assert.equal(zoomed.values.length, 720, "every sample of that hour");
});

test("aggregates of a range are those of its buckets", async () => {
  const minutes = await history.aggregates(
    gateway.gateway,
    "pump/t0",
    testDayUs + 10 * 60 * secondUs,
    testDayUs + 20 * 60 * secondUs,
    "minutes",
  );
  assert.equal(minutes.count, 10);
  assert.deepEqual([...minutes.samples], new Array(10).fill(12));
  const hours = await history.aggregates(
    gateway.gateway,
    "pump/t0",
    testDayUs,
    testDayUs + 24 * hourUs,
    "hours",
  );
  assert.equal(hours.max[1], 99);
});

test("a tag or a gateway that nobody has heard of has an empty line", async () => {
  const [line] = await history.lines(
    gateway.gateway,
    ["no/such"],
    testDayUs,
    testDayUs + hourUs,
    100,
  );
  assert.equal(line?.times.length, 0);
  const empty = await history.aggregates(
    gateway.gateway,
    "no/such",
    testDayUs,
    testDayUs + hourUs,
    "hours",
  );
  assert.equal(empty.count, 0);
});
