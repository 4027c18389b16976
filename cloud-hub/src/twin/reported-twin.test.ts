import assert from "node:assert/strict";
import { test } from "node:test";

import {
  makeDictionary,
  type DeviceId,
  type Epoch,
  type FrameHead,
  type GatewayId,
  type SampleColumns,
  type TagDefinition,
  type TagId,
} from "@millwright/wire-contract";
import fc from "fast-check";

import type { StoredFrame } from "../hand-over.ts";
import { ReportedTwin } from "./reported-twin.ts";

const tag: TagDefinition = {
  index: 0,
  id: "a" as TagId,
  name: "A",
  device: "d" as DeviceId,
  type: "float64",
  kind: "measurement",
  unit: "",
  decimals: 1,
  scale: 1,
  offset: 0,
  revision: 1,
  clock: "device",
  expectedMs: 1_000,
  low: NaN,
  high: NaN,
  asset: "D",
  texts: new Map(),
  filteredAtSource: "",
};

function frame(epochRank: number, raw: number, late = false): StoredFrame {
  const head: FrameHead = {
    gateway: "g" as GatewayId,
    epoch: "0".repeat(32) as Epoch,
    lane: "live",
    seq: raw,
    content: "samples",
    chain: 0n,
    cum: 0,
    sampleCount: 1,
    dictionary: 0n,
    firstUs: 0,
    lastUs: 0,
    sealedUs: raw,
    clock: { segment: 1, disciplined: true, offsetUs: 0 },
    rawFrom: raw,
    rawTo: raw,
    late,
  };
  return { head, body: new Uint8Array(0), epochRank };
}

function samples(value: number, measuredUs: number): SampleColumns {
  return {
    count: 1,
    tag: Int32Array.of(0),
    measuredUs: Float64Array.of(measuredUs),
    value: Float64Array.of(value),
    status: Uint32Array.of(0),
  };
}

function twin(): ReportedTwin {
  const made = new ReportedTwin();
  made.know(makeDictionary([tag]));
  return made;
}

test("N9: in whatever order frames arrive, the value is that of the last acquisition", () => {
  const arrivals = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 30 })),
    {
      minLength: 1,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(arrivals, (frames) => {
      const made = twin();
      let newest = -1;
      for (const [rank, raw] of frames) {
        const position = rank * 1_000 + raw;
        newest = Math.max(newest, position);
        // The device's clock runs backwards all the time: it must not matter.
        made.apply(frame(rank, raw), samples(position, -position));
        assert.equal(made.table.values([])[0]?.v, newest);
      }
    }),
  );
});

test("samples from a device's history never set the current value", () => {
  const made = twin();
  made.apply(frame(1, 5), samples(1, 100));
  made.apply(frame(1, 9, true), samples(2, 200));
  assert.equal(made.table.values([])[0]?.v, 1);
});

test("a later dictionary keeps the values of the tags that stay", () => {
  const made = twin();
  made.apply(frame(1, 5), samples(7, 100));
  made.know(makeDictionary([tag, { ...tag, index: 4, id: "b" as TagId }]));
  assert.deepEqual(
    made.table.values([]).map((value) => value.v),
    [7, null],
  );
});

test("tags that no dictionary has named yet are left alone", () => {
  const made = new ReportedTwin();
  made.apply(frame(1, 1), samples(1, 1));
  assert.deepEqual(made.table.values([]), []);
});
