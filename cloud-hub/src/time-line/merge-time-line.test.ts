import assert from "node:assert/strict";
import { test } from "node:test";

import { mergeTimeLine, type Span, type TimeLineSources } from "./merge-time-line.ts";

/** Seconds, as the sources of a test say them. */
const s = 1_000_000;
const range = { fromUs: 1_000 * s, toUs: 2_000 * s };
const nowUs = 1_900 * s;
const whole: Span = { fromUs: 0, toUs: nowUs };

function merge(sources: Partial<TimeLineSources>, of = range, now = nowUs) {
  const none = { presences: [], runs: [whole], epochs: [], newDictionaries: [] };
  return mergeTimeLine({ ...none, losses: [], alarmsUs: [], ...sources }, of, now);
}

/** `heard 1000-1200`; without an end while it lasts. */
function hearing(sources: Partial<TimeLineSources>, of = range, now = nowUs): readonly string[] {
  return merge(sources, of, now).entries.flatMap((one) => {
    if (one.kind !== "hearing") return [];
    const end = one.toUs === undefined ? "" : String(one.toUs / s);
    return [`${one.state} ${one.fromUs / s}-${end}`];
  });
}

const noted = (...all: readonly (readonly ["heard" | "silent" | "sleeping", number])[]) =>
  all.map(([state, at]) => ({ state, atUs: at * s }));

test("each state lasts until the next one, and the last until now", () => {
  const presences = noted(["heard", 400], ["silent", 1_200], ["heard", 1_500]);
  assert.deepEqual(hearing({ presences }), ["heard 1000-1200", "silent 1200-1500", "heard 1500-"]);
  assert.deepEqual(hearing({ presences }, { fromUs: 1_100 * s, toUs: 1_300 * s }), [
    "heard 1100-1200",
    "silent 1200-1300",
  ]);
});

test("what nobody heard because the hub was away is not the silence of the gateway", () => {
  const runs = [
    { fromUs: 0, toUs: 1_300 * s },
    { fromUs: 1_400 * s, toUs: nowUs },
  ];
  const presences = noted(["heard", 400]);
  assert.deepEqual(hearing({ presences, runs }), [
    "heard 1000-1300",
    "hub away 1300-1400",
    "heard 1400-",
  ]);
  const sleptBefore = noted(["heard", 400], ["sleeping", 1_200], ["heard", 1_403]);
  assert.deepEqual(
    hearing({ presences: sleptBefore, runs }),
    ["heard 1000-1200", "sleeping 1200-1300", "hub away 1300-1400", "heard 1400-"],
    "what the hub hears first holds from its start on",
  );
  const fellSilent = noted(["heard", 400], ["silent", 1_400], ["heard", 1_425]);
  assert.deepEqual(hearing({ presences: fellSilent, runs }).slice(-2), [
    "silent 1400-1425",
    "heard 1425-",
  ]);
});

test("two hubs of one database are away only while both are", () => {
  const runs = [
    { fromUs: 0, toUs: 1_300 * s },
    { fromUs: 1_200 * s, toUs: 1_500 * s },
    { fromUs: 1_250 * s, toUs: 1_280 * s },
    { fromUs: 1_600 * s, toUs: nowUs },
  ];
  assert.deepEqual(hearing({ presences: noted(["heard", 400]), runs }), [
    "heard 1000-1500",
    "hub away 1500-1600",
    "heard 1600-",
  ]);
});

test("before the hub noted anything nothing is known, and a gateway is not missed before it came", () => {
  const runs = [{ fromUs: 1_100 * s, toUs: nowUs }];
  const late = merge({ runs, presences: noted(["heard", 1_300]) });
  assert.equal(late.heardFromUs, 1_100 * s);
  assert.deepEqual(hearing({ runs, presences: noted(["heard", 1_300]) }), ["heard 1300-"]);
  const before = { fromUs: 0, toUs: 900 * s };
  assert.equal(merge({ runs }, before).heardFromUs, 900 * s);
  assert.equal(merge({}).heardFromUs, undefined);
});

test("what was noted before the first run that is known says nothing: it may have ended before that", () => {
  const runs = [{ fromUs: 1_400 * s, toUs: nowUs }];
  const presences = noted(["heard", 400]);
  assert.deepEqual(hearing({ runs, presences }), ["heard 1400-"]);
  assert.equal(merge({ runs, presences }).heardFromUs, 1_400 * s);
});

test("a start is a moment, and one of before the range is none of it", () => {
  const epochs = [900, 1_200, 1_300].map((at) => ({ startedUs: at * s, dictionary: 1n }));
  const starts = merge({ epochs }).entries.map(({ kind, fromUs }) => `${kind} ${fromUs / s}`);
  assert.deepEqual(starts, ["start 1200", "start 1300"]);
});

test("a start says how the run before had ended, where the gateway has said it", () => {
  const epochs = [
    { startedUs: 1_100 * s, dictionary: 1n },
    { startedUs: 1_200 * s, dictionary: 1n, endBefore: "program" as const },
  ];
  assert.deepEqual(merge({ epochs }).entries, [
    { kind: "start", fromUs: 1_100 * s },
    { kind: "start", fromUs: 1_200 * s, after: "program" },
  ]);
});

test("another list of tags is told once: when it came, or with the start that brought an old one back", () => {
  const configurations = (sources: Partial<TimeLineSources>): readonly number[] =>
    merge(sources).entries.flatMap(({ kind, fromUs }) =>
      kind === "configuration" ? [fromUs / s] : [],
    );
  const epochs = [
    { startedUs: 900 * s, dictionary: 1n },
    { startedUs: 1_200 * s, dictionary: 2n },
    { startedUs: 1_300 * s, dictionary: undefined },
    { startedUs: 1_400 * s, dictionary: 2n },
    { startedUs: 1_500 * s, dictionary: 1n },
  ];
  assert.deepEqual(
    configurations({ epochs, newDictionaries: [{ hash: 2n, atUs: 1_201 * s }] }),
    [1_201, 1_500],
  );
  assert.deepEqual(configurations({ epochs }), [1_200, 1_500], "of before first times were noted");
  const whileRunning = [
    { hash: 3n, atUs: 1_220 * s },
    { hash: 2n, atUs: 1_250 * s },
  ];
  assert.deepEqual(
    configurations({ epochs: epochs.slice(0, 2), newDictionaries: whileRunning }),
    [1_220, 1_250],
  );
});

test("losses of one reason that touch are one, with what is known of their count", () => {
  const loss = (reason: "link lost" | "evicted", from: number, to: number, samples?: number) => ({
    reason,
    ...{ fromUs: from * s, toUs: to * s },
    count:
      samples === undefined
        ? ({ kind: "unknown" } as const)
        : ({ kind: "exact", samples } as const),
  });
  const losses = [
    loss("link lost", 900, 1_100, 5),
    loss("evicted", 1_050, 1_060, 7),
    loss("link lost", 1_101, 1_200),
    loss("link lost", 1_300, 1_310, 1),
  ];
  assert.deepEqual(merge({ losses }).entries, [
    {
      kind: "loss",
      reason: "link lost",
      fromUs: 1_000 * s,
      toUs: 1_200 * s,
      entries: 2,
      samples: 5,
      uncounted: 1,
    },
    {
      kind: "loss",
      reason: "evicted",
      fromUs: 1_050 * s,
      toUs: 1_060 * s,
      entries: 1,
      samples: 7,
      uncounted: 0,
    },
    {
      kind: "loss",
      reason: "link lost",
      fromUs: 1_300 * s,
      toUs: 1_310 * s,
      entries: 1,
      samples: 1,
      uncounted: 0,
    },
  ]);
});

test("more than ten alarms in ten minutes are a peak, and ten are not", () => {
  const times = (count: number): number[] =>
    Array.from({ length: count }, (_, at) => (1_100 + at * 10) * s);
  assert.deepEqual(merge({ alarmsUs: times(10) }).entries, []);
  const [peak, ...more] = merge({ alarmsUs: times(14) }).entries;
  assert.deepEqual(more, []);
  assert.ok(peak?.kind === "alarm peak");
  assert.deepEqual([peak.fromUs / s, peak.alarms], [1_200, 14]);
});
