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

/** Frees what nobody holds. */
async function collect(): Promise<void> {
  // What a weak reference was made of is held until the end of the turn.
  await nextTurn();
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
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
    await collect();
    assert.equal(atoms.filter((atom) => atom.deref() !== undefined).length, 0);
    assert.deepEqual(
      reads.flatMap((read) => read.request.atoms.flatMap((atom) => atom.points.length)),
      Array.from({ length: 200 }, () => 1),
      "found again from the points",
    );
  });
}
