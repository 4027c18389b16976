import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { seededRandom } from "@millwright/kit";

import { joinAcknowledgements, type Acknowledgement } from "./acknowledgement.ts";
import { newLife, stateOf, stepLife, type AlarmLife } from "./life.ts";

const acknowledgement: fc.Arbitrary<Acknowledgement> = fc.record(
  {
    raisedUs: fc.integer({ min: 1, max: 4 }),
    person: fc.constantFrom("anna", "ben", "chen"),
    atUs: fc.integer({ min: 0, max: 5 }),
    at: fc.constantFrom("gateway", "hub"),
  },
  { noNullPrototype: true },
);
const maybe = fc.option(acknowledgement, { nil: undefined });

test("joining acknowledgements is commutative, associative and idempotent", () => {
  fc.assert(
    fc.property(maybe, maybe, maybe, (a, b, c) => {
      const join = joinAcknowledgements;
      assert.deepEqual(join(a, b), join(b, a));
      assert.deepEqual(join(join(a, b), c), join(a, join(b, c)));
      assert.deepEqual(join(a, a), a);
    }),
  );
});

/** The gateway takes an acknowledgement: it joins it with what it has, and moves if it is of the open occurrence. */
function take(
  { life, joined }: { life: AlarmLife; joined: Acknowledgement | undefined },
  one: Acknowledgement,
): { life: AlarmLife; joined: Acknowledgement | undefined } {
  const kept = { life, joined: joinAcknowledgements(joined, one) };
  if (one.raisedUs !== life.raisedUs) return kept;
  const step = stepLife(life, "acknowledge", { atUs: one.atUs, latching: true });
  return step.kind === "moved" ? { ...kept, life: step.life } : kept;
}

test("whatever order and however often two sides acknowledge, the gateway ends in one state with one name", () => {
  fc.assert(
    fc.property(
      fc.array(acknowledgement, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.nat(),
      (acknowledgements, raisedUs, gone, seed) => {
        const holding: AlarmLife = {
          ...newLife,
          holds: !gone,
          tripped: true,
          raisedUs,
          lastRaisedUs: raisedUs,
        };
        const start = { life: holding, joined: undefined };
        const random = seededRandom(seed);
        const once = acknowledgements.reduce(take, start);
        const shuffled = [...acknowledgements, ...acknowledgements]
          .map((one) => ({ one, key: random.next() }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const again = shuffled.reduce(take, start);
        assert.deepEqual(again, once);
        const about = acknowledgements.some((one) => one.raisedUs === raisedUs);
        const wanted = gone ? ["latched", "returned"] : ["acknowledged", "unacknowledged"];
        assert.equal(stateOf(once.life), about ? wanted[0] : wanted[1]);
      },
    ),
  );
});
