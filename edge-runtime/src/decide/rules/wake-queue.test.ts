import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { WakeQueue } from "./wake-queue.ts";

const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.nat(199), fc.nat(60)) },
  { weight: 1, arbitrary: fc.constant("take" as const) },
);

test("what is due comes at the time that was asked for last, those of one time in the order of their numbers", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const queue = new WakeQueue(200);
      const wanted = new Map<number, number>();
      const takeDue = (): void => {
        const taken: number[] = [];
        const dueUs = queue.nextUs;
        queue.takeDue((which) => taken.push(which));
        const earliest = Math.min(...wanted.values());
        assert.equal(dueUs, earliest);
        const expected = [...wanted]
          .filter(([, atUs]) => atUs === earliest)
          .map(([which]) => which)
          .toSorted((a, b) => a - b);
        assert.deepEqual(taken, expected);
        for (const which of taken) wanted.delete(which);
      };
      for (const each of steps) {
        if (each === "take") {
          takeDue();
          continue;
        }
        const [which, atUs] = each;
        queue.want(which, atUs);
        wanted.set(which, atUs);
      }
      while (wanted.size > 0) takeDue();
      assert.equal(queue.nextUs, Infinity);
    }),
  );
});
