import assert from "node:assert/strict";
import { test } from "node:test";

import type { TagId } from "@millwright/wire-contract";

import {
  expectedAmount,
  phaseOf,
  samplesPerMinute,
  shownRecordings,
  wishesOf,
  type Recording,
} from "./recording-view.ts";

const minuteUs = 60_000_000;

function recording(change: Partial<Recording> = {}): Recording {
  const tags = ["a" as TagId];
  return {
    ...{ id: 1, tags, fromUs: 100, toUs: 200, done: 0, note: "" },
    state: "asked",
    ...change,
  };
}

test("a recording that waits for its beginning is told from one that runs, and one that agrees from one that does not", () => {
  const phase = (change: Partial<Recording>, nowUs: number): string =>
    phaseOf(recording(change), nowUs);
  assert.equal(phase({}, 50), "asked");
  assert.equal(phase({ state: "recording" }, 50), "before");
  assert.equal(phase({ state: "recording" }, 150), "runs");
  assert.equal(phase({ state: "ready" }, 50), "before");
  assert.equal(phase({ state: "answering" }, 150), "earlier");
  assert.equal(phase({ state: "comparing" }, 250), "ends");
  const comparison = { agrees: true, tags: [] };
  assert.equal(phase({ state: "done", comparison }, 250), "same");
  assert.equal(phase({ state: "done", comparison: { agrees: false, tags: [] } }, 250), "differs");
  assert.equal(phase({ state: "done" }, 250), "differs");
  assert.equal(phase({ state: "refused" }, 150), "refused");
});

test("all that are not over are shown, of the others of these values the five newest", () => {
  const over = Array.from({ length: 8 }, (_, at) => recording({ id: at + 2, state: "done" }));
  const other = recording({ id: 90, tags: ["b" as TagId] });
  const open = recording({ id: 99 });
  const shown = shownRecordings([other, ...over, open], ["a", "c"]);
  assert.deepEqual(
    shown.map(({ id }) => id),
    [2, 3, 4, 5, 6, 99],
  );
  assert.equal(shownRecordings([other, open])[0], other);
});

test("values of each gateway are ordered of it, no more in one order than a report can name", () => {
  const tags = Array.from({ length: 450 }, (_, at) => ({ id: `t${at}`, name: "" }));
  const groups = [
    { gateway: "one", name: "One", tags },
    { gateway: "two", name: "Two", tags: [{ id: "t0", name: "" }] },
  ];
  const wishes = wishesOf(groups, { fromUs: 1, toUs: 2 });
  assert.deepEqual(
    wishes.map(({ gateway, tags: { length } }) => [gateway, length]),
    [
      ["one", 200],
      ["one", 200],
      ["one", 50],
      ["two", 1],
    ],
  );
  assert.deepEqual(
    wishes.flatMap((wish) => (wish.gateway === "one" ? wish.tags : [])),
    tags.map(({ id }) => id),
  );
});

test("how often a value comes is the mean of its whole minutes, quiet ones among them; of too few nothing is said", () => {
  const minutes = (samples: readonly number[]) =>
    samples.flatMap((count, at) =>
      count === 0 ? [] : [{ startUs: at * minuteUs, samples: count }],
    );
  // The last one has just begun.
  assert.equal(samplesPerMinute(minutes([60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 7])), 60);
  assert.equal(samplesPerMinute(minutes([20, 0, 0, 0, 0, 0, 0, 0, 0, 20, 9])), 4);
  assert.equal(samplesPerMinute(minutes([60, 60, 60, 60, 7])), undefined);
  assert.equal(samplesPerMinute([]), undefined);
});

test("what is expected is of the values whose pace is known, and says of how many it is not", () => {
  assert.deepEqual(expectedAmount([60, undefined, 0.5], 10 * minuteUs), {
    ...{ samples: 605, unknown: 1, values: 3 },
  });
});
