import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LedgerEntry, TagDefinition } from "@millwright/wire-contract";

import type { StoredSample } from "../stored-samples.ts";
import { compare, isWhole, keyOf, type Comparison } from "./compare.ts";
import { readRecording } from "./recordings.ts";

const recording = readRecording(
  "a.csv",
  "datetime;Level;Flow;anomaly\n10:00;0.1;1;0\n10:01;0.1;;1\n10:02;0.3;3;0\n",
  Infinity,
);
const playedUs = new Map([0, 1, 2].map((row) => [keyOf("a.csv", row), 5_000_000 + row * 1_000]));

/** What the hub holds when all went well. */
function stored(rounded: (value: number) => number = (value) => value): StoredSample[] {
  return recording.rows.flatMap(([level = "", flow = ""], row) => {
    const measuredUs = 5_000_000 + row * 1_000;
    const sample = (name: string, value: number | string): StoredSample => ({
      tag: { id: name, name } as TagDefinition,
      measuredUs,
      value,
      status: Number.isNaN(value) ? 0x808c_0000 : 0,
    });
    return [
      sample("Level", rounded(Number(level))),
      sample("Flow", flow === "" ? NaN : rounded(Number(flow))),
      sample("File that is played", "a.csv"),
      sample("Row of the file, from 0", row),
      sample("Time in the recording", recording.times[row] ?? ""),
    ];
  });
}

function judged(
  samples: readonly StoredSample[],
  rounding: "none" | "float32" = "none",
  entries: readonly LedgerEntry[] = [],
): Comparison {
  return compare([recording], samples, entries, { rounding, playedUs, sourceTime: true });
}

describe("comparison of a recording with what is stored", () => {
  test("a whole recording is whole, its empty cell too", () => {
    const comparison = judged(stored());
    assert.equal(isWhole(comparison), true);
    assert.equal(comparison.total.rows, 3);
    assert.equal(comparison.total.equal, 9);
  });

  test("a value that differs in its last bit is different, unless that rounding is stated", () => {
    const rounded = stored(Math.fround);
    assert.equal(judged(rounded).total.different, 3);
    assert.equal(isWhole(judged(rounded, "float32")), true);
  });

  test("a row that is not there is missing, or explained by a claim about its time", () => {
    const without = stored().filter(({ measuredUs }) => measuredUs !== 5_001_000);
    assert.equal(judged(without).total.missing, 3);
    const claim: LedgerEntry = {
      ...{ number: 1, reason: "queue full", scope: { kind: "gateway" } },
      ...{ fromUs: 5_001_000, toUs: 5_001_000, count: { kind: "unknown" } },
    };
    const explained = judged(without, "none", [claim]);
    assert.equal(explained.total.missing, 0);
    assert.equal(explained.total.explained, 3);
    assert.equal(isWhole(explained), false);
  });

  test("rows in another order, a row twice, a value of no row and a wrong time are seen", () => {
    const samples = stored();
    const rows = [0, 1, 2].map((row) => samples.slice(row * 5, row * 5 + 5));
    assert.ok(judged([...(rows[1] ?? []), ...(rows[0] ?? []), ...(rows[2] ?? [])]).disordered > 0);
    assert.ok(judged([...samples, ...(rows[0] ?? [])]).doubled > 0);
    const stray = { ...(samples[0] as StoredSample), measuredUs: 9_000_000 };
    assert.equal(judged([...samples, stray]).invented, 1);
    const late = samples.map((sample) => ({ ...sample, measuredUs: sample.measuredUs + 1_000 }));
    assert.equal(judged(late).total.timesDifferent, 3);
  });

  test("two rows of one millisecond are told apart by their order", () => {
    const atOnce = stored().map((sample) => ({ ...sample, measuredUs: 5_000_000 }));
    const comparison = compare([recording], atOnce, [], {
      ...{ rounding: "none", playedUs, sourceTime: false },
    });
    assert.equal(isWhole(comparison), true);
  });
});
