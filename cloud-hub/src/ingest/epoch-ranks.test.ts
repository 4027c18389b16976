import assert from "node:assert/strict";
import { test } from "node:test";

import type { Epoch } from "@millwright/wire-contract";

import { rankEpochs, type NamedEpoch, type RankedEpoch } from "./epoch-ranks.ts";

const named = (epoch: string, startedUs: number, parent?: string): NamedEpoch => ({
  epoch: epoch as Epoch,
  startedUs,
  ...(parent === undefined ? {} : { parent: parent as Epoch }),
});

/** The epochs in the order of their ranks, once these hellos have come one after the other. */
function inOrder(...hellos: readonly (readonly NamedEpoch[])[]): string {
  const known: RankedEpoch[] = [];
  for (const hello of hellos) {
    for (const [epoch, rank] of rankEpochs(hello, known)) {
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

test("an epoch that is heard of late lies between its parent and its followers, whatever its clock says", () => {
  const late = [named("a", 10), named("b", 900, "a"), named("c", 40, "b")];
  assert.equal(inOrder([named("a", 10), named("c", 40, "b")], late), "a b c");
  const early = [named("b", 1, "a"), named("c", 40, "b"), named("d", 50, "c")];
  assert.equal(inOrder([named("a", 10)], [named("x", 30)], early), "a b x c d");
});
