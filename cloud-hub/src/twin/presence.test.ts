import assert from "node:assert/strict";
import { test } from "node:test";

import type { Beat, GatewayId } from "@millwright/wire-contract";

import { presenceOf, silentAfterUs } from "./presence.ts";

const beat: Beat = {
  version: 1,
  gateway: "g" as GatewayId,
  nowUs: 0,
  devices: [],
  waitingFrames: 0,
  waitingSamples: 0,
  oldestWaitingMs: 0,
  unexplained: 0,
  stopping: false,
};

test("a gateway that beats reports, until it has been quiet for thirty seconds", () => {
  assert.equal(presenceOf(beat, 0, silentAfterUs), "reporting");
  assert.equal(presenceOf(beat, 0, silentAfterUs + 1), "silent");
});

test("a gateway whose oldest frame waits longer than ten seconds is behind, not silent", () => {
  assert.equal(presenceOf({ ...beat, oldestWaitingMs: 10_001 }, 0, 1), "behind");
  assert.equal(presenceOf({ ...beat, oldestWaitingMs: 10_000 }, 0, 1), "reporting");
});

test("a gateway that said that it stops sleeps, however long", () => {
  assert.equal(presenceOf({ ...beat, stopping: true }, 0, 10 * silentAfterUs), "sleeping");
});

test("a gateway that was never heard is silent", () => {
  assert.equal(presenceOf(undefined, 0, 0), "silent");
});
