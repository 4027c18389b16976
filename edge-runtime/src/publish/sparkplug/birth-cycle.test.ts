import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import {
  bearDevice,
  beBorn,
  connectedAgain,
  endDevice,
  tellData,
  type NodeCycle,
  type Said,
} from "./birth-cycle.ts";

const devices = ["a", "b", "c"];
const device = fc.constantFrom(...devices);
const move = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("born" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("connect" as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("data" as const), device }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("bear" as const), device }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), device }) },
);

/** What is said on each connection, with its bdSeq. */
function play(
  moves: readonly (typeof move extends fc.Arbitrary<infer Move> ? Move : never)[],
): readonly { readonly bdSeq: number; readonly said: readonly Said[] }[] {
  let cycle: NodeCycle = connectedAgain(undefined);
  const connections = [{ bdSeq: cycle.bdSeq, said: [] as Said[] }];
  for (const each of moves) {
    if (each.kind === "connect") {
      cycle = connectedAgain(cycle.bdSeq);
      connections.push({ bdSeq: cycle.bdSeq, said: [] });
      continue;
    }
    const step =
      each.kind === "born"
        ? beBorn(cycle, devices)
        : each.kind === "data"
          ? tellData(cycle, each.device)
          : each.kind === "bear"
            ? bearDevice(cycle, each.device)
            : endDevice(cycle, each.device);
    cycle = step.cycle;
    connections.at(-1)?.said.push(...step.say);
  }
  return connections;
}

test("whatever happens, a host finds births first, numbers without a gap, and no word of a device that is not born", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 400 }), (moves) => {
      const connections = play(moves);
      connections.forEach(({ bdSeq, said }, at) => {
        assert.equal(bdSeq, at % 256, "each connection has the next bdSeq");
        let expected: number | undefined;
        const born = new Set<string>();
        for (const each of said) {
          if (each.kind === "NBIRTH") {
            assert.deepEqual([each.seq, each.bdSeq], [0, bdSeq]);
            born.clear();
          } else {
            assert.ok(expected !== undefined, "NBIRTH comes first");
            assert.equal(each.seq, expected);
            assert.equal(born.has(each.device), each.kind !== "DBIRTH", each.kind);
            if (each.kind === "DBIRTH") born.add(each.device);
            if (each.kind === "DDEATH") born.delete(each.device);
          }
          expected = (each.seq + 1) % 256;
        }
      });
    }),
  );
});

test("the numbers go from 255 to 0, and bdSeq does", () => {
  let { cycle } = beBorn(connectedAgain(255), ["a"]);
  assert.equal(cycle.bdSeq, 0);
  const seqs: number[] = [];
  for (let at = 0; at < 256; at++) {
    const step = tellData(cycle, "a");
    cycle = step.cycle;
    seqs.push(...step.say.map(({ seq }) => seq));
  }
  assert.deepEqual(seqs.slice(-4), [254, 255, 0, 1]);
});
