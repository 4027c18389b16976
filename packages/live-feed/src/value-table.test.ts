import assert from "node:assert/strict";
import { test } from "node:test";

import {
  status,
  type DeviceId,
  type SampleColumns,
  type Scalar,
  type TagDefinition,
  type TagId,
} from "@millwright/wire-contract";
import fc from "fast-check";

import { ValueTable } from "./value-table.ts";

const tags = Array.from({ length: 12 }, (_unused, index): TagDefinition => ({
  ...{ index, id: `tag-${index}` as TagId, name: "", device: "plc" as DeviceId },
  ...{ type: "float64", kind: "measurement", unit: "", decimals: 1, scale: 1, offset: 0 },
  ...{ revision: 1, clock: "gateway", expectedMs: 1_000, low: NaN, high: NaN, asset: "" },
  ...{ texts: new Map(), filteredAtSource: "" },
  telling: { rule: "change", error: 0, heartbeatMs: 60_000 },
}));

interface Row {
  readonly tag: number;
  readonly value: number;
  readonly status: number;
  readonly measuredUs: number;
  readonly wide?: Scalar | undefined;
}

function columnsOf(rows: readonly Row[]): SampleColumns {
  const wide = new Map(
    rows.flatMap((row, at) => (row.wide === undefined ? [] : [[at, row.wide] as const])),
  );
  return {
    count: rows.length,
    tag: Int32Array.from(rows, (row) => row.tag),
    measuredUs: Float64Array.from(rows, (row) => row.measuredUs),
    value: Float64Array.from(rows, (row) => row.value),
    status: Uint32Array.from(rows, (row) => row.status),
    ...(wide.size === 0 ? {} : { wide }),
  };
}

const value = fc.constantFrom(0, -0, 1, 2.5, NaN, Infinity);
const code = fc.constantFrom(status.good, status.good, status.uncertainLastUsable, status.bad);
const stamp = fc.integer({ min: 1, max: 5 });
/** Neighbouring tags, as a device brings them, or any order with what a double cannot hold among it. */
const run = fc
  .tuple(fc.nat(11), fc.array(fc.tuple(value, code, stamp), { maxLength: 14 }))
  .map(([first, rows]) =>
    rows.map(([number, severity, us], at) => ({
      ...{ tag: first + at, value: number, status: severity, measuredUs: us },
    })),
  );
const mixed = fc.array(
  fc.record({
    ...{ tag: fc.integer({ min: -1, max: 13 }), value, status: code, measuredUs: stamp },
    wide: fc.option(fc.constantFrom<Scalar>("text", 7n), { nil: undefined }),
  }),
  { maxLength: 8 },
);

test("rows taken together leave what they leave one by one, also when the clock went back", () => {
  const batches = fc.array(fc.tuple(fc.oneof(run, run, mixed), fc.integer({ min: 1, max: 9 })));
  fc.assert(
    fc.property(batches, (all) => {
      const [together, alone] = [new ValueTable(tags), new ValueTable(tags)];
      for (const [rows, receivedUs] of all) {
        together.setRows(columnsOf(rows), receivedUs);
        for (const row of rows as readonly Row[]) {
          alone.set(row.tag, row.value, row.wide, row.status, row.measuredUs, receivedUs);
        }
        assert.deepEqual(together.values([]), alone.values([]));
        for (const { index } of tags) {
          assert.deepEqual(together.proofOf(index), alone.proofOf(index));
        }
      }
    }),
  );
});
