import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";
import { alarmStates, type AlarmState } from "@millwright/wire-contract/events";

import { newLife, stateOf, stepLife, type AlarmHappening, type AlarmLife } from "./life.ts";

const happenings = [
  "raise",
  "clear",
  "acknowledge",
  "reset",
  "shelve",
  "unshelve",
  "suppress",
  "unsuppress",
  "take-out-of-service",
  "return-to-service",
] as const satisfies readonly AlarmHappening[];

/** How each state is reached first, and how again after the condition has come or gone beneath a cover. */
const ways: Readonly<Record<AlarmState, readonly (readonly AlarmHappening[])[]>> = {
  normal: [[], ["raise", "clear", "acknowledge"]],
  unacknowledged: [["raise"], ["raise", "clear", "raise"]],
  acknowledged: [["raise", "acknowledge"]],
  returned: [["raise", "clear"]],
  latched: [["raise", "acknowledge", "clear"]],
  shelved: [["shelve"], ["raise", "shelve"], ["raise", "acknowledge", "clear", "shelve"]],
  suppressed: [["suppress"], ["shelve", "suppress"], ["raise", "suppress"]],
  "out-of-service": [
    ["take-out-of-service"],
    ["suppress", "take-out-of-service", "raise"],
    ["shelve", "take-out-of-service"],
  ],
};

type Row = Readonly<Record<AlarmHappening, AlarmState | "same">>;

const row = (moved: Partial<Row>): Row => ({
  ...(Object.fromEntries(happenings.map((one) => [one, "same"])) as Row),
  ...moved,
});
const covers = {
  shelve: "shelved",
  suppress: "suppressed",
  "take-out-of-service": "out-of-service",
} as const;

/** The standard's diagram, of an alarm that does not latch and of one that does. From each state in its first way. */
const diagram: Readonly<Record<AlarmState, Row>> = {
  normal: row({ ...covers, raise: "unacknowledged" }),
  unacknowledged: row({ ...covers, clear: "returned", acknowledge: "acknowledged" }),
  acknowledged: row({ ...covers, clear: "normal" }),
  returned: row({ ...covers, raise: "unacknowledged", acknowledge: "normal" }),
  latched: row({ ...covers, raise: "unacknowledged", reset: "normal" }),
  shelved: row({ ...covers, raise: "shelved", unshelve: "normal" }),
  suppressed: row({
    raise: "suppressed",
    unsuppress: "normal",
    "take-out-of-service": "out-of-service",
  }),
  "out-of-service": row({
    raise: "out-of-service",
    suppress: "out-of-service",
    "return-to-service": "normal",
  }),
};
const latchingDiagram: Readonly<Record<AlarmState, Row>> = {
  ...diagram,
  acknowledged: row({ ...covers, clear: "latched" }),
  returned: row({ ...covers, raise: "unacknowledged", acknowledge: "latched" }),
};

let clockUs = 0;
function play(life: AlarmLife, happening: AlarmHappening, latching: boolean): AlarmLife {
  clockUs += 1_000;
  const at = { atUs: clockUs, latching, untilUs: clockUs + 60_000_000 };
  const step = stepLife(life, happening, at);
  return step.kind === "moved" ? step.life : life;
}

function reach(way: readonly AlarmHappening[], latching: boolean): AlarmLife {
  return way.reduce((life, happening) => play(life, happening, latching), newLife);
}

for (const [latching, wanted] of [
  [false, diagram],
  [true, latchingDiagram],
] as const) {
  test(`every state and happening of the standard, ${latching ? "latching" : "not latching"}`, () => {
    let pairs = 0;
    for (const state of alarmStates) {
      if (state === "latched" && !latching) continue;
      const life = reach(ways[state][0] ?? [], latching);
      assert.equal(stateOf(life), state);
      for (const happening of happenings) {
        const step = stepLife(life, happening, { atUs: 9e15, latching, untilUs: 9e15 + 1 });
        const to = step.kind === "same" ? "same" : stateOf(step.life);
        assert.equal(to, wanted[state][happening], `${state} + ${happening}`);
        pairs += 1;
      }
    }
    assert.equal(pairs, (latching ? 8 : 7) * 10);
  });
}

test("each state can be reached in every way that is listed", () => {
  for (const state of alarmStates) {
    for (const way of ways[state]) assert.equal(stateOf(reach(way, true)), latchingOf(state, way));
  }
  function latchingOf(state: AlarmState, way: readonly AlarmHappening[]): AlarmState {
    // An alarm that latches is not normal after it was acknowledged: it waits for its reset.
    return state === "normal" && way.length > 0 ? "latched" : state;
  }
});

test("a cover ends in an unacknowledged alarm when the condition still holds, whatever was acknowledged before", () => {
  for (const [cover, end] of [
    ["shelve", "unshelve"],
    ["suppress", "unsuppress"],
    ["take-out-of-service", "return-to-service"],
  ] as const) {
    const before = reach(["raise", "acknowledge"], false);
    const life = play(play(before, cover, false), end, false);
    assert.equal(stateOf(life), "unacknowledged", cover);
    assert.ok(life.raisedUs > before.raisedUs, "it is a new occurrence");
    const gone = ["clear" as const, end].reduce(
      (one, happening) => play(one, happening, false),
      play(before, cover, false),
    );
    assert.equal(stateOf(gone), "normal", cover);
  }
});

test("a latch that trips beneath a cover is shown when the cover ends, and waits for a person", () => {
  const life = reach(["shelve", "raise", "clear", "unshelve"], true);
  assert.equal(stateOf(life), "returned");
  assert.equal(stateOf(play(life, "acknowledge", true)), "latched");
  assert.equal(stateOf(reach(["shelve", "raise", "clear", "unshelve"], false)), "normal");
});

test("an occurrence is later than the one before it, also when the clock was set back", () => {
  const at = { latching: false, atUs: 1_000 };
  const first = stepLife(newLife, "raise", at);
  assert.ok(first.kind === "moved");
  const gone = stepLife(first.life, "clear", at);
  assert.ok(gone.kind === "moved");
  const again = stepLife(gone.life, "raise", { ...at, atUs: 10 });
  assert.ok(again.kind === "moved");
  assert.equal(again.life.raisedUs, 1_001);
});

/**
 * The same rules told in another way: a list of all that ever happened is read from its beginning, covers are a set, and
 * the open occurrence is a word. Nothing of it is shared with `life.ts`.
 */
function stateByStory(story: readonly AlarmHappening[], latching: boolean): AlarmState {
  const lying = new Set<"shelved" | "suppressed" | "out-of-service">();
  let condition = false;
  let trip = false;
  let told: "nothing" | "new" | "seen" = "nothing";
  const top = (): AlarmState | undefined =>
    (["out-of-service", "suppressed", "shelved"] as const).find((cover) => lying.has(cover));
  for (const one of story) {
    if (one === "raise" && !condition) {
      condition = true;
      trip ||= latching;
      if (lying.size === 0) told = "new";
    } else if (one === "clear" && condition) {
      condition = false;
      if (lying.size === 0 && told === "seen" && !latching) told = "nothing";
    } else if (one === "acknowledge" && lying.size === 0 && told === "new") {
      told = condition || latching ? "seen" : "nothing";
    } else if (one === "reset" && lying.size === 0 && told === "seen" && !condition) {
      told = "nothing";
      trip = false;
    } else if (one === "shelve" && (lying.size === 0 || top() === "shelved")) {
      lying.add("shelved");
    } else if (one === "suppress") lying.add("suppressed");
    else if (one === "take-out-of-service") lying.add("out-of-service");
    const end = (
      {
        unshelve: "shelved",
        unsuppress: "suppressed",
        "return-to-service": "out-of-service",
      } as const
    )[one as "unshelve"];
    const ended = lying.delete(end);
    if (lying.size > 0) told = "nothing";
    else if (ended) told = condition || trip ? "new" : "nothing";
  }
  const cover = top();
  if (cover !== undefined) return cover;
  if (told === "nothing") return "normal";
  if (condition) return told === "new" ? "unacknowledged" : "acknowledged";
  return told === "new" ? "returned" : "latched";
}

test("10,000 random walks of 20 steps go where an independent telling of the rules says", () => {
  const random = seededRandom(182);
  const seen = new Set<AlarmState>();
  for (let walk = 0; walk < 10_000; walk++) {
    const latching = random.next() < 0.5;
    const story: AlarmHappening[] = [];
    let life = newLife;
    for (let step = 0; step < 20; step++) {
      const happening = happenings[Math.floor(random.next() * happenings.length)] ?? "raise";
      story.push(happening);
      life = play(life, happening, latching);
      const wanted = stateByStory(story, latching);
      assert.equal(stateOf(life), wanted, `walk ${walk}, ${latching}: ${story.join(", ")}`);
      seen.add(wanted);
    }
  }
  assert.equal(seen.size, alarmStates.length);
});
