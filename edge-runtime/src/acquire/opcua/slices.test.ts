import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ServiceFailure } from "./faults.ts";
import { inSlices } from "./slices.ts";

test("every element is answered in its place, whatever the server says it bears and really bears", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer(), { maxLength: 50 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      async (elements, said, borne) => {
        let asked = 0;
        const answers = await inSlices(elements, said, (slice) => {
          assert.ok(++asked <= 2 * elements.length + 7, "the asking comes to an end");
          if (slice.length > borne) throw new ServiceFailure("Read", "BadTooManyOperations");
          return Promise.resolve(slice.map(String));
        });
        assert.deepEqual(answers, elements.map(String));
      },
    ),
  ));

test("one element that is too much, another refusal, and a wrong count of answers are failures", async () => {
  const refuse = (status: string) => () => Promise.reject(new ServiceFailure("Read", status));
  await assert.rejects(inSlices([1, 2], 2, refuse("BadResponseTooLarge")), ServiceFailure);
  await assert.rejects(inSlices([1, 2], 2, refuse("BadUserAccessDenied")), /BadUserAccessDenied/);
  await assert.rejects(
    inSlices([1, 2], 2, () => Promise.resolve([1])),
    /2 answers were due and 1 came/,
  );
});
