import type { SampleColumns, Scalar } from "@millwright/wire-contract";

import { pick } from "../raw-tier.ts";

/**
 * Rows by tag and time, none of them twice: what a device has told again lies here twice, and in one frame the hub would
 * take it for two samples (no-loss protocol 2, ordinal). Rows of one time with different contents keep their order.
 */
export function distinctRows(columns: SampleColumns): SampleColumns {
  const { tag, measuredUs } = columns;
  const order = Array.from({ length: columns.count }, (_row, at) => at).sort(
    (a, b) => (tag[a] ?? 0) - (tag[b] ?? 0) || (measuredUs[a] ?? 0) - (measuredUs[b] ?? 0) || a - b,
  );
  const rows: number[] = [];
  let first = 0;
  for (const row of order) {
    const before = rows[first];
    if (before === undefined || !isSameTime(columns, before, row)) first = rows.length;
    const seen = rows.slice(first).some((other) => isSameContent(columns, other, row));
    if (!seen) rows.push(row);
  }
  return pick(columns, rows);
}

function isSameTime({ tag, measuredUs }: SampleColumns, a: number, b: number): boolean {
  return tag[a] === tag[b] && measuredUs[a] === measuredUs[b];
}

function isSameContent({ value, status, wide }: SampleColumns, a: number, b: number): boolean {
  return (
    status[a] === status[b] &&
    Object.is(value[a], value[b]) &&
    isSameScalar(wide?.get(a), wide?.get(b))
  );
}

function isSameScalar(a: Scalar | undefined, b: Scalar | undefined): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  return Object.is(a, b);
}
