import assert from "node:assert/strict";
import test from "node:test";

import { seededRandom } from "@millwright/kit";
import fc from "fast-check";

import { RebirthPacer } from "./rebirth-pacer.ts";
import {
  advanceNode,
  unbornNode,
  type NodeAction,
  type NodeEvent,
  type NodeState,
} from "./sparkplug-node.ts";

const waitMs = 3_000;

/** Plays events, each with its time, and returns all actions. */
function play(
  events: readonly (readonly [atMs: number, event: NodeEvent<number>])[],
  from: NodeState<number> = unbornNode(),
): { state: NodeState<number>; actions: NodeAction<number>[] } {
  let state = from;
  const actions: NodeAction<number>[] = [];
  for (const [atMs, event] of events) {
    const step = advanceNode(state, event, atMs, waitMs);
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions };
}

const birth = (bdSeq?: number): NodeEvent<number> => ({ kind: "birth", seq: 0, bdSeq, message: 0 });
const data = (message: number): NodeEvent<number> => ({
  kind: "data",
  seq: message & 255,
  message,
});

function delivered(actions: readonly NodeAction<number>[]): number[] {
  return actions.flatMap((action) => (action.kind === "deliver" ? [action.message] : []));
}

function missing(actions: readonly NodeAction<number>[]): number {
  return actions.reduce(
    (sum, action) => sum + (action.kind === "missing" ? action.messages : 0),
    0,
  );
}

test("data in order are delivered, past the turn of the number", () => {
  const messages = Array.from({ length: 600 }, (_, at) => at + 1);
  const { actions } = play([[0, birth()], ...messages.map((each) => [0, data(each)] as const)]);
  assert.deepEqual(delivered(actions), [0, ...messages]);
  assert.equal(actions.length, 601);
});

test("data without a birth are orphans, and the birth is asked for", () => {
  const { actions, state } = play([[0, data(7)]]);
  assert.deepEqual(
    actions.map(({ kind }) => kind),
    ["orphan", "ask"],
  );
  assert.equal(state.phase, "unborn");
});

test("a gap waits for late packets, and they are put where they belong", () => {
  const { actions } = play([
    [0, birth()],
    [0, data(2)],
    [10, data(4)],
    [20, data(3)],
    [2_999, { kind: "tick" }],
    [2_999, data(1)],
  ]);
  assert.deepEqual(delivered(actions), [0, 1, 2, 3, 4]);
  assert.equal(actions.length, 5);
});

test("after 3 s what did not come is missing, what waited is used, and births are asked for", () => {
  const { actions, state } = play([
    [0, birth()],
    [0, data(3)],
    [100, data(4)],
    [3_000, { kind: "tick" }],
    [3_000, data(5)],
  ]);
  assert.deepEqual(delivered(actions), [0, 3, 4, 5]);
  assert.equal(missing(actions), 2);
  assert.equal(actions.filter(({ kind }) => kind === "ask").length, 1);
  assert.equal(state.nextSeq, 6);
});

test("a duplicate is known, before and behind the gap", () => {
  const { actions } = play([
    [0, birth()],
    [0, data(1)],
    [0, data(1)],
    [0, data(3)],
    [0, data(3)],
  ]);
  assert.deepEqual(delivered(actions), [0, 1]);
  assert.equal(actions.filter(({ kind }) => kind === "duplicate").length, 2);
});

test("a death counts for the birth with its number only", () => {
  const early = play([
    [0, birth(4)],
    [0, { kind: "death", bdSeq: 3 }],
  ]);
  assert.equal(early.state.phase, "alive");
  const own = play([[0, { kind: "death", bdSeq: 4 }]], early.state);
  assert.equal(own.state.phase, "dead");
  assert.deepEqual(own.actions, [{ kind: "died" }]);
  assert.deepEqual(play([[0, { kind: "death", bdSeq: 4 }]], own.state).actions, []);
  assert.equal(play([[0, birth(5)]], own.state).state.phase, "alive");
});

test("what waits behind a gap is used before a birth or a death makes its names void", () => {
  const { state } = play([
    [0, birth(1)],
    [0, data(2)],
    [0, data(5)],
  ]);
  for (const event of [birth(2), { kind: "death", bdSeq: 1 } as const]) {
    const { actions } = play([[0, event]], state);
    assert.deepEqual(delivered(actions).slice(0, 2), [2, 5]);
    assert.equal(missing(actions), 3);
  }
});

test("what waits behind a gap when the connection ends is used, and what never came is missing", () => {
  const before = play([
    [0, birth()],
    [0, data(1)],
    [0, data(3)],
    [0, data(6)],
  ]);
  assert.deepEqual(delivered(before.actions), [0, 1]);
  const { actions, state } = play([[10, { kind: "over" }]], before.state);
  assert.deepEqual(delivered(actions), [3, 6]);
  assert.equal(missing(actions), 3);
  assert.equal(state.phase, "unborn");
  assert.deepEqual(play([[20, { kind: "over" }]], state).actions, [], "and only once");
});

test("numbers that stay behind mean that we lost count: it goes on, and births are asked for", () => {
  const { actions, state } = play([
    [0, birth()],
    ...[250, 251, 252, 253, 254].map((each) => [0, data(each)] as const),
  ]);
  assert.deepEqual(delivered(actions), [0, 254]);
  assert.ok(Number.isNaN(missing(actions)));
  assert.equal(state.nextSeq, 255);
});

/** A sender's messages with their delays and copies, as a network that is at worst 3 s late would bring them. */
const network = fc.array(
  fc.record({
    lost: fc.boolean(),
    delayMs: fc.integer({ min: 0, max: 2_500 }),
    again: fc.boolean(),
  }),
  { minLength: 1, maxLength: 120 },
);

function arrivals(
  packets: readonly { lost: boolean; delayMs: number; again: boolean }[],
  losing: boolean,
): (readonly [number, NodeEvent<number>])[] {
  const events: [number, NodeEvent<number>][] = [[0, birth()]];
  packets.forEach(({ lost, delayMs, again }, at) => {
    // One packet each 100 ms: within 2.5 s at most 25 numbers overtake each other, far from half of 256.
    const atMs = at * 100 + delayMs;
    if (losing && lost) return;
    events.push([atMs, data(at + 1)]);
    if (again) events.push([atMs + 1, data(at + 1)]);
  });
  for (let atMs = 0; atMs < packets.length * 100 + 6_000; atMs += 250)
    events.push([atMs, { kind: "tick" }]);
  return events.sort(([left], [right]) => left - right);
}

test("without loss every message is delivered once and in order, however late and doubled", () => {
  fc.assert(
    fc.property(network, (packets) => {
      const { actions } = play(arrivals(packets, false));
      assert.deepEqual(delivered(actions), [0, ...packets.map((_, at) => at + 1)]);
      assert.equal(missing(actions), 0);
    }),
    { numRuns: 300 },
  );
});

test("with loss, delivered and missing together are all that was sent, in order", () => {
  fc.assert(
    fc.property(network, (packets) => {
      const { actions } = play(arrivals(packets, true));
      const got = delivered(actions).slice(1);
      const sent = packets.flatMap(({ lost }, at) => (lost ? [] : [at + 1]));
      assert.deepEqual(got, sent);
      // What is lost at the very end shows only with the next message.
      assert.equal(missing(actions), (sent.at(-1) ?? 0) - sent.length);
    }),
    { numRuns: 300 },
  );
});

test("a node is asked once a minute, and twenty nodes a second in all", () => {
  const pacer = new RebirthPacer();
  const random = seededRandom("pacer");
  const nodes = Array.from({ length: 100 }, (_, at) => `node-${at}`);
  const asked = new Map<string, number[]>();
  const perSecond = new Map<number, number>();
  for (let nowMs = 0; nowMs < 300_000; nowMs += 100) {
    for (const node of nodes) pacer.want(node, 60_000, nowMs, random);
    for (const node of pacer.due(nodes, nowMs)) {
      asked.set(node, [...(asked.get(node) ?? []), nowMs]);
      const second = Math.floor(nowMs / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
  }
  assert.ok(Math.max(...perSecond.values()) <= 20);
  for (const node of nodes) {
    const times = asked.get(node) ?? [];
    assert.ok(times.length >= 4, `${node} was asked ${times.length} times in 5 min`);
    times.slice(1).forEach((at, index) => assert.ok(at - (times[index] ?? 0) >= 60_000));
  }
});

test("a node that was born is no longer asked", () => {
  const pacer = new RebirthPacer();
  pacer.want("a", 60_000, 0, seededRandom(1));
  pacer.forget("a");
  assert.deepEqual(pacer.due(["a"], 10_000), []);
});
