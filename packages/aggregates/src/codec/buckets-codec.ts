import { Malformed, type ByteReader, type ByteWriter } from "@millwright/wire-contract/codec";

import type { Buckets } from "../buckets.ts";
import { makeColumns, type BucketColumns } from "../columns.ts";
import { widths, type WidthUs } from "../width.ts";
import { columnOrder, type ColumnPlan, type Known } from "./column-order.ts";
import { readExact, writeExact } from "./exact-codec.ts";
import type { DeviceScale } from "./forms.ts";
import { readNumbers, writeNumbers } from "./number-column.ts";
import { readStates, writeStates } from "./states-codec.ts";

/**
 * Buckets of one tag as bytes, column by column. Each column is written against what the columns before it let one
 * guess: a count that never changes, a first value near the last one before, a sum near the mean. A minute of a sensor
 * takes some 12 bytes.
 */

/** An hour of seconds. */
const rowsMax = 3_600;
const flagBits = { states: 1, exact: 2, sums: 4, counts: 8, changes: 16 } as const;
const widthCodes: readonly WidthUs[] = [widths.second, widths.minute, widths.hour];

export function writeBuckets(out: ByteWriter, buckets: Buckets, device?: DeviceScale): void {
  const { count, states, exact } = buckets;
  const rows = rowsOf(buckets.good, count);
  const known = { ...buckets, stepUs: usualStep(buckets, rows.filled) };
  let flags = 0;
  if (states !== undefined) flags |= flagBits.states;
  if (exact !== undefined) flags |= flagBits.exact;
  for (const { name, group } of columnOrder) {
    if (group === "always" || buckets[name].subarray(0, count).every(isZero)) continue;
    flags |= flagBits[group];
  }
  out.byte(widthCodes.indexOf(buckets.widthUs));
  out.byte(flags);
  out.varint(count);
  out.varint(known.stepUs);
  for (const plan of columnOrder) {
    if (plan.group !== "always" && (flags & flagBits[plan.group]) === 0) continue;
    const chosen = rows[plan.rows];
    const numbers = Float64Array.from(chosen, (row) => buckets[plan.name][row] ?? 0);
    writeNumbers(out, numbers, guesser(plan, known, chosen), plan.scaled ? device : undefined);
  }
  if (states !== undefined) writeStates(out, states);
  if (exact !== undefined) writeExact(out, exact);
}

/** Throws `Malformed`. */
export function readBuckets(input: ByteReader): Buckets {
  const widthUs = widthCodes[input.byte()];
  const flags = input.byte();
  const count = input.varint();
  const stepUs = input.varint();
  if (widthUs === undefined) throw new Malformed("the width of its buckets is not known");
  if (count > rowsMax) throw new Malformed(`it has more than ${rowsMax} buckets`);
  const columns = emptyColumns(count);
  const known: Known = { ...columns, widthUs, stepUs };
  let rows = rowsOf(columns.good, count);
  for (const plan of columnOrder) {
    if (plan.group !== "always" && (flags & flagBits[plan.group]) === 0) continue;
    const chosen = rows[plan.rows];
    const column = columns[plan.name];
    readNumbers(input, chosen.length, guesser(plan, known, chosen), (place, number) => {
      column[chosen[place] ?? 0] = number;
    });
    if (plan.name === "good") rows = rowsOf(columns.good, count);
  }
  return {
    widthUs,
    count,
    ...columns,
    ...((flags & flagBits.states) === 0 ? {} : { states: readStates(input, count) }),
    ...((flags & flagBits.exact) === 0 ? {} : { exact: readExact(input, count) }),
  };
}

function guesser(plan: ColumnPlan, known: Known, rows: Uint32Array): (place: number) => number {
  return (place) => plan.guess(known, rows[place] ?? 0, place === 0 ? -1 : (rows[place - 1] ?? 0));
}

export function rowsOf(
  good: Uint32Array,
  count: number,
): { readonly all: Uint32Array; readonly filled: Uint32Array } {
  const all = Uint32Array.from({ length: count }, (_row, row) => row);
  return { all, filled: all.filter((row) => (good[row] ?? 0) > 0) };
}

/** Columns in which nothing was measured. */
export function emptyColumns(count: number): BucketColumns {
  const columns = makeColumns(count);
  for (const name of ["min", "max", "first", "firstUs", "last", "lastUs"] as const) {
    columns[name].fill(NaN);
  }
  return columns;
}

/** Over all buckets, so that the jitter of single samples is averaged out; whole ms where it can be. */
function usualStep({ good, firstUs, lastUs }: Buckets, filled: Uint32Array): number {
  let steps = 0;
  let us = 0;
  for (const row of filled) {
    steps += (good[row] ?? 0) - 1;
    us += (lastUs[row] ?? 0) - (firstUs[row] ?? 0);
  }
  if (steps === 0) return 0;
  const step = Math.round(us / steps / 1_000) * 1_000;
  return step > 0 ? step : Math.round(us / steps);
}

function isZero(number: number): boolean {
  return Object.is(number, 0);
}
