import assert from "node:assert/strict";
import { test } from "node:test";

import type { Epoch } from "@millwright/wire-contract";

import { rankEpochs, type NamedEpoch, type RankedEpoch } from "./epoch-ranks.ts";

const beganUs = Date.UTC(2026, 0) * 1_000;

/** @param startedUs since all of this began */
const named = (epoch: string, startedUs: number, parent?: string): NamedEpoch => ({
  epoch: epoch as Epoch,
  startedUs: beganUs + startedUs,
  ...(parent === undefined ? {} : { parent: parent as Epoch }),
});

/** The epochs in the order of their ranks, once these hellos have come one after the other. */
function inOrder(...hellos: readonly (readonly NamedEpoch[])[]): string {
  return inOrderAt(0, ...hellos);
}

/** @param behindUs by how much the clock of the gateway is behind the hub's at each hello */
function inOrderAt(behindUs: number, ...hellos: readonly (readonly NamedEpoch[])[]): string {
  const known: RankedEpoch[] = [];
  for (const hello of hellos) {
    const saidUs = Math.max(...hello.map(({ startedUs }) => startedUs)) + 5;
    const times = { saidUs, nowUs: saidUs + behindUs };
    for (const [epoch, rank] of rankEpochs(hello, known, times)) {
      const startedUs = hello.find((one) => one.epoch === epoch)?.startedUs ?? NaN;
      known.push({ epoch, rank, startedUs });
    }
  }
  const ranks = known.map(({ rank }) => rank);
  assert.equal(new Set(ranks).size, ranks.length, "no two have one rank");
  return known
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ epoch }) => epoch)
    .join(" ");
}

test("epochs rank in the order in which a hello names them", () => {
  assert.equal(inOrder([named("a", 10), named("b", 20, "a"), named("c", 5, "b")]), "a b c");
});

test("what runs now ranks above all, whatever its clock says", () => {
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], [named("b", 1, "a")]), "a x b");
});

test("an epoch of old hardware that is put back in its place lies where it began, not where it was heard of", () => {
  const old = [named("a", 10), named("b", 20, "a"), named("c", 50, "b")];
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], old), "a b x c");
});

test("a new box whose clock is behind began after those that the hub has met, whatever its starts say", () => {
  const box = [named("b", 20), named("c", 25, "b")];
  assert.equal(inOrderAt(5, [named("a", 10)], [named("x", 30)], box), "a b x c");
  assert.equal(inOrderAt(50, [named("a", 10)], [named("x", 30)], box), "a x b c");
});

test("starts by a clock that was never set, or was set back since, say nothing of what began before", () => {
  const unset = [named("b", 20 - beganUs), named("c", 50, "b")];
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], unset), "a x b c");
  const setBack = [named("b", 20), named("c", 25 - beganUs, "b"), named("d", 50, "c")];
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], setBack), "a x b c d");
});

test("an epoch that is heard of late lies between its parent and its followers, whatever its clock says", () => {
  const late = [named("a", 10), named("b", 900, "a"), named("c", 40, "b")];
  assert.equal(inOrder([named("a", 10), named("c", 40, "b")], late), "a b c");
  const early = [named("b", 1, "a"), named("c", 40, "b"), named("d", 50, "c")];
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], early), "a b x c d");
});
