import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { Absence } from "./absence.ts";

const s = 1_000_000;

test("however often it is told, an absence claims each moment once, and together what was due in it", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 20 * s }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.double({ min: 1e-6, max: 2, noNaN: true }), (stepsUs, duePerMs) => {
      const absence = new Absence(5 * s, duePerMs);
      absence.begin(9 * s);
      let nowUs = 9 * s;
      let toldUs = 5 * s;
      let due = 0;
      for (const stepUs of stepsUs) {
        nowUs += stepUs;
        const span = absence.untold(nowUs);
        if (span === undefined) continue;
        assert.equal(span.fromUs, toldUs);
        assert.ok(span.due !== undefined && span.due > 0);
        due += span.due;
        toldUs = span.toUs;
      }
      const exact = ((nowUs - 5 * s) / 1_000) * duePerMs;
      assert.ok(Math.abs(due - exact) <= 0.5 + 1e-6 * exact, `${due} for ${exact}`);
    }),
  );
});

test("of a device that speaks by itself each span is told at once, and nobody knows how many", () => {
  const absence = new Absence(5 * s, undefined);
  absence.begin(7 * s);
  assert.deepEqual(absence.untold(8 * s), { fromUs: 5 * s, toUs: 8 * s, due: undefined });
  assert.equal(absence.untold(8 * s), undefined);
});

test("it begins when a conversation ends, and with the next one nothing is left of it", () => {
  const absence = new Absence(0, 0.001);
  assert.equal(absence.isAway, false, "the first try has not ended");
  absence.begin(3 * s);
  assert.equal(absence.isAway, true);
  assert.equal(absence.sinceUs, 0);
  absence.end();
  assert.equal(absence.isAway, false);
  absence.begin(60 * s);
  assert.deepEqual(absence.untold(64 * s), { fromUs: 60 * s, toUs: 64 * s, due: 4 });
});

test("a clock that is set back does not keep what comes after it from being told", () => {
  const absence = new Absence(3_600 * s, 0.001);
  absence.begin(3_600 * s);
  assert.equal(absence.untold(10 * s), undefined);
  assert.deepEqual(absence.untold(15 * s), { fromUs: 10 * s, toUs: 15 * s, due: 5 });
});
