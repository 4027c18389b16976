/** Words of fault bits, whatever comes in whatever order: each bit is its alarm, and which came first is known. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { firstOuts } from "@millwright/alarms";
import fc from "fast-check";

import { AlarmWatch } from "./alarm-watch.ts";

const bits = 16;

test("after any words each bit's alarm holds as the last word has it, and the first-out is the bit that stands longest", () => {
  const word = fc.integer({ min: 0, max: 2 ** bits - 1 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
      const cameAs = new Map<number, number>();
      let came = 0;
      const conditions = Array.from({ length: bits }, (_unused, bit) => ({
        ...{ condition: { kind: "bit", bit } as const, tag: 0, counts: false },
        ...{ onDelayMs: 0, offDelayMs: 0 },
      }));
      const watch = new AlarmWatch(
        conditions,
        (bit, counts) => {
          if (counts) cameAs.set(bit, ++came);
          else cameAs.delete(bit);
        },
        () => true,
      );
      /** Since which word each bit stands. */
      const since = new Map<number, number>();
      for (const [at, value] of words.entries()) {
        const row = { tag: Int32Array.of(0), measuredUs: Float64Array.of(at) };
        const said = { value: Float64Array.of(value), status: Uint32Array.of(0) };
        watch.take({ count: 1, ...row, ...said }, at);
        for (let bit = 0; bit < bits; bit++) {
          if (((value >>> bit) & 1) === 0) since.delete(bit);
          else if (!since.has(bit)) since.set(bit, at);
        }
      }
      assert.deepEqual(
        [...cameAs.keys()].sort((a, b) => a - b),
        [...since.keys()].sort((a, b) => a - b),
      );
      const group = "machine";
      const open = [...cameAs].map(([bit, as]) => ({ id: String(bit), group, cameAs: as }));
      const [first] = firstOuts(open);
      // Of one word the lowest bit is the first: nobody knows better.
      const oldest = [...since].sort(([a, from], [b, other]) => from - other || a - b)[0]?.[0];
      assert.equal(first, oldest === undefined ? undefined : String(oldest));
    }),
    { numRuns: 300 },
  );
});
