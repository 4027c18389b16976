import { type ByteReader, type ByteWriter, Malformed } from "../bytes.ts";
import type { Scalar } from "../scalar.ts";
import { ScalarReader, ScalarWriter } from "../scalar-codec.ts";

/**
 * What few rows have: a status other than good, a value that no whole number gives, a scalar that no double holds. Rows
 * are counted from the first of the segment and written as the distance to the row before.
 */
export function hasStatus(status: Uint32Array, from: number, count: number): boolean {
  for (let index = from; index < from + count; index++) if (status[index] !== 0) return true;
  return false;
}

/** Run lengths: a status lasts. */
export function writeStatus(
  out: ByteWriter,
  status: Uint32Array,
  from: number,
  count: number,
): void {
  let begin = from;
  for (let index = from + 1; index <= from + count; index++) {
    if (index < from + count && status[index] === status[begin]) continue;
    out.varint(index - begin);
    out.varint(status[begin] ?? 0);
    begin = index;
  }
}

export function readStatus(
  input: ByteReader,
  status: Uint32Array,
  from: number,
  count: number,
): void {
  let at = from;
  while (at < from + count) {
    const length = input.varint();
    const code = input.varint();
    if (length === 0 || length > from + count - at)
      throw new Malformed("a run of status is too long");
    if (code > 0xffff_ffff) throw new Malformed("a status has more than 32 bits");
    status.fill(code, at, at + length);
    at += length;
  }
}

export function writeExceptions(
  out: ByteWriter,
  rows: readonly number[],
  value: Float64Array,
  from: number,
): void {
  out.varint(rows.length);
  let previous = 0;
  for (const row of rows) {
    out.varint(row - previous);
    out.float64(value[from + row] ?? 0);
    previous = row;
  }
}

export function readExceptions(
  input: ByteReader,
  value: Float64Array,
  from: number,
  count: number,
): void {
  let row = 0;
  for (let left = input.varint(); left > 0; left--) {
    row += input.varint();
    if (row >= count) throw new Malformed("an exception lies outside its segment");
    value[from + row] = input.float64();
  }
}

/** Rows of the segment that have a scalar, and the scalars. */
export interface SegmentScalars {
  readonly rows: readonly number[];
  readonly scalars: readonly Scalar[];
}

const noScalars: SegmentScalars = { rows: [], scalars: [] };

/** @param originalRow where each sorted row came from; undefined when nothing moved */
export function scalarsOf(
  wide: ReadonlyMap<number, Scalar> | undefined,
  originalRow: Int32Array | undefined,
  from: number,
  count: number,
): SegmentScalars {
  if (wide === undefined || wide.size === 0) return noScalars;
  const rows: number[] = [];
  const scalars: Scalar[] = [];
  for (let row = 0; row < count; row++) {
    const original = originalRow === undefined ? from + row : originalRow[from + row];
    const scalar = wide.get(original ?? 0);
    if (scalar === undefined) continue;
    rows.push(row);
    scalars.push(scalar);
  }
  return { rows, scalars };
}

export function writeScalars(out: ByteWriter, segment: SegmentScalars): void {
  out.varint(segment.rows.length);
  const writer = new ScalarWriter(out);
  let previous = 0;
  for (const [index, row] of segment.rows.entries()) {
    const scalar = segment.scalars[index];
    if (scalar === undefined) continue;
    out.varint(row - previous);
    writer.write(scalar);
    previous = row;
  }
}

export function readScalars(
  input: ByteReader,
  wide: Map<number, Scalar>,
  from: number,
  count: number,
): void {
  const reader = new ScalarReader(input);
  let row = 0;
  for (let left = input.varint(); left > 0; left--) {
    row += input.varint();
    if (row >= count) throw new Malformed("a scalar lies outside its segment");
    wide.set(from + row, reader.read());
  }
}
