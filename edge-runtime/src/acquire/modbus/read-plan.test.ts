import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import type { Decoding, ModbusPoint, Table } from "./addresses.ts";
import { ScaleBook } from "./columns.ts";
import { ReadPlan } from "./read-plan.ts";
import { groupRequests } from "./requests.ts";

const limits = { registersMax: 125, coilsMax: 2_000, gapMax: 0 };
const word: Decoding = {
  ...{ kind: "number", type: "uint16", order: "ABCD", registerCount: 1, encoding: "plain" },
  ...{ asBool: false, sentinels: [] },
};

function pointsOf(table: Table, decoding: Decoding): readonly ModbusPoint[] {
  const count = decoding.kind === "number" ? decoding.registerCount : 1;
  return Array.from({ length: 200 }, (_point, index) => ({
    ...{ index, tag: `t${index}`, unit: 1, table, address: index * count, count, decoding },
    everyMs: 1_000,
  }));
}

/** What is held by somebody is still there after as many. */
const collectionsMax = 20;

/**
 * How many are held by somebody. A collection that ends a marking which had begun before keeps what was marked by then,
 * although nobody holds it any more, and the next one frees it.
 */
async function heldOf(references: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let held = references.length;
  for (let round = 0; round < collectionsMax && held > 0; round++) {
    // What a weak reference was made of, or was asked for, is held until the end of the turn.
    await nextTurn();
    collect();
    held = references.filter((reference) => reference.deref() !== undefined).length;
  }
  return held;
}

for (const [table, decoding] of [
  ["holding", word],
  ["holding", { ...word, type: "float32", registerCount: 2 }],
  ["coil", { kind: "coil" }],
] as const) {
  test(`a plan of many values (${table}, ${decoding.kind === "coil" ? "bits" : decoding.type}) keeps no object for each beside its point`, async () => {
    const plan = new ReadPlan([], limits, new ScaleBook());
    const atoms: WeakRef<object>[] = [];
    const reads = groupRequests(pointsOf(table, decoding), limits).map((request) => {
      for (const atom of request.atoms) atoms.push(new WeakRef(atom));
      return plan.planned(request);
    });
    assert.equal(await heldOf(atoms), 0);
    assert.deepEqual(
      reads.flatMap((read) => read.request.atoms.flatMap((atom) => atom.points.length)),
      Array.from({ length: 200 }, () => 1),
      "found again from the points",
    );
  });
}
