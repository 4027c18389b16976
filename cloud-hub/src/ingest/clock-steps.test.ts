import assert from "node:assert/strict";
import { test } from "node:test";

import type { ClockRecord } from "@millwright/wire-contract";

import { stepTold } from "./clock-steps.ts";

const secondUs = 1_000_000;
const stepped: ClockRecord = {
  segment: 2,
  offsetUs: 0,
  disciplined: true,
  atUs: 100 * secondUs,
  cause: "stepped",
  stepUs: -40 * secondUs,
};

test("a record of a step says what the clock said before and after it", () => {
  assert.deepEqual(stepTold({ sealedUs: 100.05 * secondUs }, stepped), {
    beforeUs: 140 * secondUs,
    afterUs: 100 * secondUs,
  });
});

test("what a hub that is new is told again is no step of now, and neither is a start or a correction", () => {
  assert.equal(stepTold({ sealedUs: 200 * secondUs }, stepped), undefined);
  assert.equal(stepTold({ sealedUs: 100 * secondUs }, { ...stepped, stepUs: 0 }), undefined);
});
