import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";
import fc from "fast-check";

import { runsOf } from "./band-between.ts";
import { bandsOf, rateOf, valueAt, type Drawn } from "./drawn.ts";
import { earlierSources, earlierTimes, laidOver, parseTimeText, toTimeText } from "./earlier.ts";
import { layMarks, markWords, type ChartMark } from "./marks.ts";
import { toggled } from "./toggled.ts";
import {
  atNow,
  dragged,
  liveRange,
  panned,
  parseRange,
  rangeText,
  spanOf,
  zoomed,
  type TrendRange,
} from "./trend-range.ts";

const nowUs = 1_760_000_000_000_000;
const hourUs = 3_600e6;
const still: TrendRange = { fromUs: nowUs - 10 * hourUs, toUs: nowUs - 8 * hourUs, live: false };

test("a press chooses a value or takes it away, in the order of the presses and no more than there is room for", () => {
  const name = (one: string): string => one;
  assert.deepEqual(toggled(["a", "b"], "c", name, 3), ["a", "b", "c"]);
  assert.deepEqual(toggled(["a", "b", "c"], "b", name, 3), ["a", "c"]);
  assert.deepEqual(toggled(["a", "b", "c"], "d", name, 3), ["a", "b", "c"]);
});

describe("the range of a chart", () => {
  test("an address says it and gives it back", () => {
    for (const text of ["15min", "8h", "24h", "7d", "30d", "5y", "90s", "1759990000-1759993600"]) {
      const range = parseRange(text, nowUs);
      assert.ok(range !== undefined, text);
      assert.equal(rangeText(range), text);
    }
    for (const text of ["", "8", "h", "9-1", "all", "1e5h", "-5h"]) {
      assert.equal(parseRange(text, nowUs), undefined, text);
    }
  });

  test("to the right the present stops it, and takes it along from there", () => {
    const moved = panned(still, 2, nowUs);
    assert.deepEqual(moved, { ...still, fromUs: nowUs - 6 * hourUs, toUs: nowUs - 4 * hourUs });
    const last = panned(moved, 9, nowUs);
    assert.deepEqual(last, liveRange(2 * hourUs, nowUs));
    assert.equal(atNow(last, nowUs + 5e6).toUs, nowUs + 5e6);
    assert.equal(panned(last, -0.25, nowUs).live, false);
  });

  test("a zoom keeps the place under the finger, and a live chart its end", () => {
    const closer = zoomed(still, 0.5, 0.25, nowUs);
    assert.equal(spanOf(closer), hourUs);
    assert.equal(closer.fromUs + 0.25 * hourUs, still.fromUs + 0.5 * hourUs);
    assert.deepEqual(zoomed(liveRange(hourUs, nowUs), 2, 0, nowUs), liveRange(2 * hourUs, nowUs));
  });

  test("however it is moved, it never ends after now and its length stays within bounds", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const move = fc.oneof(
      fc.record({ by: fc.double({ min: -3, max: 3, noNaN: true }) }),
      fc.record({ factor: fc.double({ min: 0.01, max: 100, noNaN: true }), at: share }),
      fc.record({ began: fc.array(share, { minLength: 2, maxLength: 2 }), to: share }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
        let range = still;
        for (const one of moves) {
          if ("by" in one) range = panned(range, one.by, nowUs);
          else if ("factor" in one) range = zoomed(range, one.factor, one.at, nowUs);
          else range = dragged(range, one.began, [one.to, one.began[1] ?? 0], nowUs);
          assert.ok(range.toUs <= nowUs);
          assert.ok(spanOf(range) >= 9.99e6 && spanOf(range) <= 3_651 * 86_400e6);
        }
      }),
    );
  });

  test("two fingers keep what was under them", () => {
    const range = dragged(still, [0.25, 0.75], [0, 0.5], nowUs);
    assert.equal(spanOf(range), spanOf(still));
    assert.equal(range.fromUs, still.fromUs + 0.25 * spanOf(still));
    const closer = dragged(still, [0.4, 0.6], [0.2, 0.8], nowUs);
    assert.ok(Math.abs(spanOf(closer) - spanOf(still) / 3) < 1);
  });
});

describe("what is drawn", () => {
  test("a counter is drawn as what it counts in an hour, over the time between its changes", () => {
    const times = [0, 10, 20, 30, 40, 50];
    // What was counted before the first change may have been counted for long.
    assert.deepEqual(rateOf({ times, values: [5, 5, 6, 6, 7, 7] }, 0), {
      times: [20, 40],
      values: [180, 180],
    });
  });

  test("a counter that begins anew has a hole, and one that stands has no rate", () => {
    const times = [0, 10, 20, 30, 40, 50, 1_000];
    const drawn = rateOf({ times, values: [5, 6, 7, 0, 1, 2, 2] }, 0);
    assert.deepEqual(drawn, {
      times: [10, 20, 30, 40, 50, 50, 1_000],
      values: [360, 360, null, 360, 360, 0, 0],
    });
    assert.deepEqual(rateOf({ times: [0, 1, 2], values: [1, null, 5] }, 0).values, [null]);
  });

  test("after a hole no rate is made up of what was counted in it", () => {
    const times = [0, 10, 20, 30, 500, 501, 511, 521];
    const { values } = rateOf({ times, values: [1, 2, 3, null, 60, 61, 62, 63] }, 0);
    assert.deepEqual(values, [360, 360, null, 360, 360, 360, 360]);
  });

  test("changes within a column of the chart are taken together", () => {
    const times = [0, 1, 2, 3, 4, 5];
    const { values } = rateOf({ times, values: [0, 1, 2, 6, 7, 11] }, 2);
    assert.deepEqual(values, [9_000, 9_000, 9_000, 9_000]);
  });

  test("a state holds until it changes, and nothing is said of a hole", () => {
    const drawn = { times: [0, 1, 2, 5, 7], values: [1, 1, 2, null, 3] };
    assert.deepEqual(bandsOf(drawn), [
      { from: 0, to: 2, value: 1 },
      { from: 2, to: 5, value: 2 },
    ]);
    assert.equal(valueAt(drawn, 4.9, "bands"), 2);
    assert.equal(valueAt(drawn, 6, "bands"), undefined);
  });

  test("a cursor reads what was recorded nearest to it, and nothing in a hole", () => {
    const drawn = { times: [0, 10, 20, 30], values: [1, 2, null, 4] };
    assert.deepEqual(
      [-1, 0, 4, 6, 10, 15, 25, 30, 31].map((second) => valueAt(drawn, second, "line")),
      [undefined, 1, 1, 2, 2, undefined, undefined, 4, undefined],
    );
  });
});

describe("alarms and episodes below a chart", () => {
  const range = { fromUs: 0, toUs: 100e6 };
  const mark = (from: number, to?: number): ChartMark => ({
    ...{ base: "/api", place: "Pump 1" },
    mark: {
      ...{ kind: "alarm", id: `${from}`, asset: "Pump 1", priority: 2, message: "Pump 1 is hot" },
      fromUs: from * 1e6,
      ...(to === undefined ? {} : { toUs: to * 1e6 }),
    },
  });
  const places = (marks: readonly ChartMark[]): readonly string[] =>
    layMarks(marks, range, 0.05).map(
      ({ lane, symbol, from, to }) => `${lane}${symbol ? "" : "!"} ${from}-${to}`,
    );

  test("each lies in the first lane that is free, with the room of its symbol", () => {
    assert.deepEqual(places([mark(10, 11), mark(12, 40), mark(16, 17), mark(50, 60)]), [
      "0 0.1-0.11",
      "1 0.12-0.4",
      "0 0.16-0.17",
      "0 0.5-0.6",
    ]);
  });

  test("where all lanes are taken a bar has no symbol, and never is one symbol over another", () => {
    assert.deepEqual(places([mark(1), mark(2), mark(3), mark(4), mark(50)]), [
      "0 0.01-1",
      "1 0.02-1",
      "2 0.03-1",
      "2! 0.04-1",
      "2! 0.5-1",
    ]);
    const times = fc.tuple(fc.nat(120), fc.option(fc.nat(60), { nil: undefined }));
    fc.assert(
      fc.property(fc.array(times, { maxLength: 40 }), (all) => {
        const sorted = all.toSorted(([a], [b]) => a - b);
        const laid = layMarks(
          sorted.map(([from, lasts]) => mark(from, lasts === undefined ? lasts : from + lasts)),
          range,
          0.05,
        ).filter(({ symbol }) => symbol);
        for (const [at, one] of laid.entries()) {
          assert.ok(one.from >= 0 && one.from <= 0.95, "its symbol is within the chart");
          for (const other of laid.slice(at + 1)) {
            assert.ok(one.lane !== other.lane || other.from - one.from >= 0.05 - 1e-9);
          }
        }
      }),
    );
  });

  test("what began before the time shown begins with it", () => {
    assert.deepEqual(places([mark(-50, 20), mark(99)]), ["0 0-0.2", "0 0.95-1"]);
  });

  test("words say what it was, of which machine and when", () => {
    assert.match(markWords(mark(10), 3_600e6), /^Priority 2: Pump 1 is hot, Pump 1, since /);
    const noted = { ...mark(10).mark, notes: [{ text: "greased", author: "Ada" }] } as const;
    assert.match(
      markWords({ ...mark(10), mark: noted }, 3_600e6),
      /, Pump 1, since [^.]*\. Ada: greased$/,
    );
    const { id, asset, fromUs } = mark(10).mark;
    const episode = { kind: "episode", ...{ id, asset, fromUs }, class: "flat-line" } as const;
    const words = (one: ChartMark["mark"]): string =>
      markWords({ base: "/api", place: "Line 2, Pump 1", mark: one }, 3_600e6);
    assert.match(words(episode), /^Episode: flat line, Line 2, Pump 1, since /);
    const later = { ...episode, class: "wobble" as unknown as "spike" };
    assert.match(words(later), /^Episode: wobble, /);
  });
});

describe("what is laid over the time shown", () => {
  const tag = { id: "t", name: "T", kind: "measurement", type: "float64", texts: {} } as const;
  const source = { key: "t", tag: tag as unknown as LiveTag, base: "/api", place: "Pump 1" };

  test("stands in the address behind the range, and what is no such time is nothing", () => {
    for (const earlier of [undefined, ...earlierTimes]) {
      const text = toTimeText({ range: "8h", earlier });
      assert.deepEqual(parseTimeText(text), { range: "8h", earlier });
    }
    assert.equal(toTimeText({ range: "8h", earlier: "7d" }), "8h~7d");
    assert.deepEqual(parseTimeText("24h~3d"), { range: "24h", earlier: undefined });
    assert.deepEqual(parseTimeText("24h"), { range: "24h", earlier: undefined });
  });

  test("has the pen of its value, and states are not laid over", () => {
    const state = { ...source, key: "s", tag: { ...source.tag, kind: "state" as const } };
    assert.deepEqual(earlierSources([source], undefined), []);
    const [first, second, ...none] = earlierSources([source, state, { ...source, key: "u" }], "1d");
    assert.deepEqual(none, []);
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(first.place, "Pump 1, 1 d earlier");
    assert.deepEqual([first.earlier?.pen, second.earlier?.pen], [0, 2]);
    assert.equal(second.earlier?.us, 86_400e6);
  });

  test("lies at the time it is compared with, and its gaps are not taken for gaps of that", () => {
    const gap = { reason: "gateway down", fromUs: 1, toUs: 2, count: { kind: "unknown" } } as const;
    const line: HistoryLine = {
      ...{ tag: "t", tier: "samples", coarser: [], error: 0, gaps: [gap] },
      times: Float64Array.of(10, 20),
      values: Float64Array.of(1, NaN),
    };
    const over = laidOver(line, 100);
    assert.deepEqual([...over.times], [110, 120]);
    assert.deepEqual(over.values, line.values);
    assert.deepEqual(over.gaps, []);
  });
});

test("a band is drawn where both of its lines have points, and has a hole where one of them has", () => {
  const drawn = (values: readonly (number | null)[]): Drawn => ({
    times: values.map((_, at) => at),
    values,
  });
  const low = drawn([1, 1, null, 1, 1, 1]);
  const high = drawn([2, 2, null, 2, null, 2]);
  assert.deepEqual(runsOf(low, high), [
    [0, 2],
    [3, 4],
    [5, 6],
  ]);
  assert.deepEqual(runsOf(drawn([]), drawn([])), []);
});
