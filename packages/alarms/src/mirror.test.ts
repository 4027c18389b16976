import assert from "node:assert/strict";
import { test } from "node:test";

import type { AlarmState } from "@millwright/wire-contract/events";
import fc from "fast-check";

import { newLife, stateOf, stepLife, type AlarmHappening, type AlarmLife } from "./life.ts";
import {
  goneAtMachine,
  mirrorStepsMax,
  nextMirrorStep,
  toMachineState,
  type ConditionFacts,
  type MachineState,
} from "./mirror.ts";

const quiet: ConditionFacts = {
  retain: false,
  enabled: true,
  active: false,
  acked: true,
  confirmed: undefined,
  latched: undefined,
  suppressed: undefined,
  outOfService: undefined,
  shelved: undefined,
};
const said = (change: Partial<ConditionFacts>): MachineState =>
  toMachineState({ ...quiet, retain: true, ...change });

/** What a machine can say, and the state here that it means. */
const sayings = {
  quiet: [toMachineState(quiet), "normal"],
  raised: [said({ active: true, acked: false }), "unacknowledged"],
  acknowledged: [said({ active: true }), "acknowledged"],
  returned: [said({ acked: false }), "returned"],
  latched: [said({ latched: true }), "latched"],
  unconfirmed: [said({ confirmed: false }), "latched"],
  confirmed: [said({ confirmed: true, latched: false }), "normal"],
  "suppressed while active": [said({ active: true, acked: false, suppressed: true }), "suppressed"],
  "shelved while active": [said({ active: true, acked: false, shelved: true }), "suppressed"],
  "out of service": [said({ outOfService: true }), "suppressed"],
  disabled: [toMachineState({ ...quiet, enabled: false, active: true }), "normal"],
  "active, and not of interest": [
    toMachineState({ ...quiet, active: true, acked: true }),
    "acknowledged",
  ],
  // Of types without ActiveState it holds for as long as it is of interest (OPC 10000-9, 5.7).
  "without an active state": [
    toMachineState({ ...quiet, retain: true, active: undefined, acked: false }),
    "unacknowledged",
  ],
} as const satisfies Readonly<Record<string, readonly [MachineState, AlarmState]>>;

let clockUs = 0;

/** All that has to happen. */
function mirror(life: AlarmLife, machine: MachineState): { life: AlarmLife; story: string[] } {
  let now = life;
  const story: string[] = [];
  for (;;) {
    const step = nextMirrorStep(now, machine);
    if (step === undefined) return { life: now, story };
    const { happening, latching } = step;
    const made = stepLife(now, happening, { atUs: ++clockUs, latching });
    assert.equal(made.kind, "moved", `${happening} in ${stateOf(now)} changes nothing`);
    now = made.life;
    story.push(happening);
    assert.ok(story.length <= mirrorStepsMax, `no end: ${story.join(", ")}`);
  }
}

test("whatever a machine says, after whatever it said before, the alarm here is what the machine means", () => {
  for (const [before, [was]] of Object.entries(sayings)) {
    for (const [after, [machine, state]] of Object.entries(sayings)) {
      const { life } = mirror(mirror(newLife, was).life, machine);
      assert.equal(stateOf(life), state, `${before}, then ${after}`);
      assert.equal(nextMirrorStep(life, machine), undefined, "said again it changes nothing");
    }
  }
});

test("any story of a machine, with people who shelve it here meanwhile, ends as the machine means it", () => {
  const saying = fc.constantFrom(...Object.values(sayings));
  const local = fc.constantFrom<AlarmHappening>(
    "shelve",
    "unshelve",
    "take-out-of-service",
    "return-to-service",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(saying, local), { maxLength: 20 }), saying, (story, last) => {
      let life = newLife;
      for (const one of story) {
        if (typeof one !== "string") life = mirror(life, one[0]).life;
        else {
          const at = { atUs: ++clockUs, latching: false, untilUs: clockUs + 60_000_000 };
          const step = stepLife(life, one, at);
          if (step.kind === "moved") life = step.life;
        }
      }
      const covered = life.shelvedUntilUs > 0 || life.outOfService;
      const [machine, state] = last;
      life = mirror(life, machine).life;
      assert.equal(life.holds, machine.holds);
      assert.equal(life.suppressed, machine.suppressed);
      if (!covered) assert.equal(stateOf(life), state);
    }),
    { numRuns: 500 },
  );
});

test("what came again while nobody listened is a new occurrence, and what is said again is none", () => {
  const [raised] = sayings.raised;
  const [acknowledged] = sayings.acknowledged;
  const first = mirror(newLife, raised).life;
  const seen = mirror(first, acknowledged).life;
  assert.equal(seen.raisedUs, first.raisedUs);
  const again = mirror(seen, raised);
  assert.deepEqual(again.story, ["clear", "raise"]);
  assert.ok(again.life.raisedUs > first.raisedUs);
});

test("what came and went before anybody listened is shown until it is acknowledged", () => {
  const { life, story } = mirror(newLife, sayings.returned[0]);
  assert.deepEqual(story, ["raise", "clear"]);
  assert.deepEqual(mirror(life, sayings.quiet[0]).story, ["acknowledge"]);
});

test("what the machine no longer names is gone, and stays to be seen by whoever has not", () => {
  const states: Readonly<Record<string, AlarmState>> = {
    raised: "returned",
    acknowledged: "normal",
    returned: "returned",
    latched: "normal",
    quiet: "normal",
    "suppressed while active": "normal",
  };
  for (const [name, state] of Object.entries(states)) {
    const [machine] = sayings[name as keyof typeof sayings];
    const { life } = mirror(mirror(newLife, machine).life, goneAtMachine);
    assert.equal(stateOf(life), state, name);
  }
});

test("a machine without acknowledging leaves it to the people here", () => {
  const held = said({ active: true, acked: undefined });
  const { life } = mirror(newLife, held);
  assert.equal(stateOf(life), "unacknowledged");
  const step = stepLife(life, "acknowledge", { atUs: ++clockUs, latching: false });
  assert.ok(step.kind === "moved");
  assert.deepEqual(mirror(step.life, held).story, []);
  const gone = said({ active: false, acked: undefined });
  assert.equal(stateOf(mirror(step.life, gone).life), "normal");
  assert.equal(stateOf(mirror(life, gone).life), "returned");
});

test("a suppressed alarm is never seen, not even while it is raised", () => {
  const { story } = mirror(newLife, sayings["suppressed while active"][0]);
  assert.deepEqual(story, ["suppress", "raise"]);
});

test("what covers it here and at the machine is one cover, and any other of the machine suppresses it all the same", () => {
  const shelved = { shelved: true, outOfService: false };
  const out = { shelved: false, outOfService: true };
  const there = (change: Partial<ConditionFacts>): ConditionFacts => ({ ...quiet, ...change });
  assert.equal(toMachineState(there({ shelved: true }), shelved).suppressed, false);
  assert.equal(toMachineState(there({ shelved: true }), out).suppressed, true);
  assert.equal(toMachineState(there({ outOfService: true }), out).suppressed, false);
  assert.equal(toMachineState(there({ outOfService: true }), shelved).suppressed, true);
  const both = there({ shelved: true, suppressed: true });
  assert.equal(toMachineState(both, shelved).suppressed, true);
});
