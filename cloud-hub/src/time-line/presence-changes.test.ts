import assert from "node:assert/strict";
import { test } from "node:test";

import { presenceChanges, type NotedState, type Standing } from "./presence-changes.ts";

const startedUs = 1_000e6;
const silentAfterUs = 30e6;

function changesOf(noted: NotedState | undefined, standing: Partial<Standing>, afterS: number) {
  const whole: Standing = {
    ...{ gateway: "gw", presence: "reporting", sinceUs: startedUs, lastBeatUs: startedUs },
    ...standing,
  };
  const run = { startedUs, nowUs: startedUs + afterS * 1e6, silentAfterUs };
  const before = new Map(noted === undefined ? [] : [["gw", noted] as const]);
  return presenceChanges(before, [whole], run).map(({ state, atUs }) => {
    return [state, (atUs - startedUs) / 1e6] as const;
  });
}

test("what is noted already, and what is only behind, is noted once", () => {
  assert.deepEqual(changesOf("heard", { presence: "behind", sinceUs: startedUs + 9e6 }, 10), []);
  assert.deepEqual(changesOf("silent", { presence: "silent" }, 100), []);
  assert.deepEqual(changesOf(undefined, { sinceUs: startedUs + 4e6 }, 5), [["heard", 4]]);
});

test("silence begins with the last beat", () => {
  const lastBeatUs = startedUs + 60e6;
  const silent = { presence: "silent", sinceUs: lastBeatUs, lastBeatUs } as const;
  assert.deepEqual(changesOf("heard", silent, 91), [["silent", 60]]);
});

test("a hub that was away does not say that a gateway was silent before it has listened for as long as always", () => {
  const silent = { presence: "silent", lastBeatUs: startedUs - 3_600e6 } as const;
  assert.deepEqual(changesOf("heard", silent, 29), []);
  assert.deepEqual(changesOf("heard", silent, 31), [["silent", 0]], "and not before it began");
});

test("a gateway that stops is sleeping from its last word on, also when the hub was started since", () => {
  const sleeping = { presence: "sleeping", sinceUs: startedUs - 50e6 } as const;
  assert.deepEqual(changesOf("heard", sleeping, 1), [["sleeping", -50]]);
});

test("what was never heard, because it comes on a stick, does not fall silent", () => {
  assert.deepEqual(changesOf(undefined, { presence: "silent", lastBeatUs: 0 }, 1_000), []);
});
