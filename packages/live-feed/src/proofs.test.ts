import assert from "node:assert/strict";
import { test } from "node:test";

import type { Beat, DeviceId, TagDefinition, TagId, Telling } from "@millwright/wire-contract";

import { proofsOf, takeProofs } from "./proofs.ts";
import { ValueTable } from "./value-table.ts";

const second = 1_000_000;
const now = 1_000 * second;
const change: Telling = { rule: "change", error: 0, heartbeatMs: 60_000 };

function tag(index: number, fields: Partial<TagDefinition> = {}): TagDefinition {
  return {
    index,
    id: `tag-${index}` as TagId,
    name: "",
    device: "plc" as DeviceId,
    type: "float64",
    kind: "measurement",
    unit: "",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 1,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "",
    texts: new Map(),
    filteredAtSource: "",
    telling: change,
    ...fields,
  };
}

function table(tags: readonly TagDefinition[], receivedUs: readonly number[]): ValueTable {
  const values = new ValueTable(tags);
  tags.forEach(({ index }, at) => {
    values.set(index, 1, undefined, 0, receivedUs[at] ?? 0, receivedUs[at] ?? 0);
  });
  return values;
}

function beat(from: ValueTable): Beat {
  return {
    version: 1,
    gateway: "g" as Beat["gateway"],
    nowUs: now,
    devices: [],
    waitingFrames: 0,
    waitingSamples: 0,
    oldestWaitingMs: 0,
    unexplained: 0,
    stopping: false,
    ...proofsOf(from, now),
  };
}

test("the oldest proof of a device and interval stands for all of its tags", () => {
  const tags = [tag(0), tag(1), tag(2, { expectedMs: 60_000 })];
  const gateway = table(tags, [now - second, now - 2 * second, now - 50 * second]);
  assert.deepEqual(proofsOf(gateway, now), {
    proofs: [
      { device: "plc", expectedMs: 1_000, provenUs: now - 2 * second },
      { device: "plc", expectedMs: 60_000, provenUs: now - 50 * second },
    ],
    stale: [],
  });
});

test("a tag without proof does not make the others old, and is not proven by them", () => {
  const tags = [tag(0), tag(1)];
  const gateway = table(tags, [now - second, now - 100 * second]);
  const hub = table(tags, [now - 100 * second, now - 100 * second]);
  takeProofs(hub, beat(gateway));
  assert.equal(hub.proofOf(0).confirmedUs, now - second);
  assert.equal(hub.proofOf(1).confirmedUs, now - 100 * second);
});

test("what the hub knows is never made older, nor is a bad value made fresh", () => {
  const tags = [tag(0), tag(1)];
  const gateway = table(tags, [now - 2 * second, now - 2 * second]);
  const hub = table(tags, [now - second, now - 30 * second]);
  hub.set(1, 1, undefined, 0x8000_0000, now - 30 * second, now - 30 * second);
  takeProofs(hub, beat(gateway));
  assert.equal(hub.proofOf(0).confirmedUs, now - second);
  assert.equal(hub.proofOf(1).confirmedUs, now - 30 * second);
});

test("tags that are told in full need no proof, and the hub never heard of none either", () => {
  const full = tag(0, { telling: { rule: "full", error: 0, heartbeatMs: 60_000 } });
  const gateway = table([full], [now]);
  assert.deepEqual(proofsOf(gateway, now), { proofs: [], stale: [] });
  const hub = new ValueTable([tag(1)]);
  takeProofs(hub, beat(table([tag(1)], [now])));
  assert.equal(hub.proofOf(1).known, false);
});

test("when too many tags are stale, nothing is proven", () => {
  const tags = Array.from({ length: 1_500 }, (_tag, at) => tag(at));
  const gateway = table(
    tags,
    tags.map((_tag, at) => (at === 0 ? now : now - 100 * second)),
  );
  const { proofs, stale } = proofsOf(gateway, now);
  assert.deepEqual([proofs?.length, stale?.length], [0, 1_000]);
});
