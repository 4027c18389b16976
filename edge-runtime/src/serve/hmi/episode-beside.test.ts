import assert from "node:assert/strict";
import { test } from "node:test";

import type { Episode } from "../../hand-over.ts";
import { besideOf } from "./episode-beside.ts";

const episode = (beginUs: number, endUs?: number, asset = "Pump 1"): Episode => ({
  ...{ id: `E-${beginUs}`, asset },
  event: {
    ...{ what: "grew", beginUs, peakUs: beginUs, score: 2, severity: 0.5, class: "drift" },
    ...{ levels: ["statistic"], contributions: [], detectors: [], verdict: "open" },
    ...(endUs === undefined ? {} : { endUs }),
  },
});

test("of two that last a person is told which is the newer, and of one alone nothing", () => {
  const [older, newer, over] = [episode(1), episode(5), episode(2, 3)];
  const all = [newer, over, older, episode(9, undefined, "Pump 2")];
  assert.deepEqual(
    all.slice(0, 3).map((each) => besideOf(each, all)),
    ["newer", undefined, "older"],
  );
  assert.equal(besideOf(older, [older, over]), undefined);
});
