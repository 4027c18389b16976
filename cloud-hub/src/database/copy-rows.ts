/**
 * Many rows in PostgreSQL's binary COPY format (PostgreSQL, "COPY", file formats, binary): as text, half of the time of
 * a row would go into writing its numbers down and reading them again, on both sides.
 */
import { finished } from "node:stream/promises";

import type pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

/** Columns that can be written, by their names in PostgreSQL. */
export type CopyType =
  "smallint" | "integer" | "bigint" | "double precision" | "bytea" | "jsonb" | ArrayType;
type ArrayType = "smallint[]" | "integer[]" | "bigint[]" | "double precision[]";
/** The numbers under which PostgreSQL names types (pg_type.dat), and the bytes of each element. */
const elements: Readonly<Record<ArrayType, readonly [oid: number, size: number]>> = {
  "smallint[]": [21, 2],
  "integer[]": [23, 4],
  "bigint[]": [20, 8],
  "double precision[]": [701, 8],
};
/** Eleven bytes that a text cannot have, no flags, no extension. */
export const copyHead = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
/** Dimensions, flags, type, length, first index. */
const arrayHeadBytes = 20;
/** It has no dimension, and so no length. */
const emptyArrayBytes = 12;
const bytesAtFirst = 65_536;

export class CopyRows {
  #bytes: Buffer;
  #view: DataView;
  #at: number;
  #count = 0;
  readonly #types: readonly CopyType[];

  /** @param room bytes that are about needed; it grows where they are not enough */
  constructor(types: readonly CopyType[], room: number = bytesAtFirst) {
    this.#types = types;
    this.#bytes = Buffer.allocUnsafe(copyHead.length + room);
    this.#view = viewOf(this.#bytes);
    this.#at = copyHead.copy(this.#bytes);
  }

  get count(): number {
    return this.#count;
  }

  /** @param values one for each column, as its type wants it; those that are null or left out are null */
  push(values: readonly unknown[]): void {
    this.#count++;
    this.#reserve(2);
    this.#int16(this.#types.length);
    // By index, as below: an iterator would be a good part of a row's time.
    const types = this.#types;
    for (let at = 0; at < types.length; at++) {
      const type = types[at];
      if (type !== undefined) this.#put(type, values[at]);
    }
  }

  /** All that was pushed; nothing may be pushed after it. */
  finish(): Uint8Array {
    this.#reserve(2);
    this.#int16(-1);
    return this.#bytes.subarray(0, this.#at);
  }

  #put(type: CopyType, value: unknown): void {
    if (value === null || value === undefined) {
      this.#reserve(4);
      this.#int32(-1);
      return;
    }
    switch (type) {
      case "smallint":
        this.#reserve(6);
        this.#int32(2);
        this.#int16(value as number);
        return;
      case "integer":
        this.#reserve(8);
        this.#int32(4);
        this.#int32(value as number);
        return;
      case "bigint":
        this.#reserve(12);
        this.#int32(8);
        this.#int64(value as number | bigint);
        return;
      case "double precision":
        this.#reserve(12);
        this.#int32(8);
        this.#float64(value as number);
        return;
      case "bytea":
        this.#block(value as Uint8Array);
        return;
      case "jsonb":
        // The format of jsonb has a number of its own before its text.
        this.#block(Buffer.from(`\x01${JSON.stringify(value)}`));
        return;
      case "smallint[]":
      case "integer[]":
      case "bigint[]":
      case "double precision[]":
        this.#array(type, value as readonly number[]);
    }
  }

  #array(type: ArrayType, values: readonly number[]): void {
    const [oid, size] = elements[type];
    const isEmpty = values.length === 0;
    const bytes = isEmpty ? emptyArrayBytes : arrayHeadBytes + values.length * (4 + size);
    this.#reserve(4 + bytes);
    this.#int32(bytes);
    this.#int32(isEmpty ? 0 : 1);
    this.#int32(0);
    this.#int32(oid);
    if (isEmpty) return;
    this.#int32(values.length);
    this.#int32(1);
    const view = this.#view;
    let at = this.#at;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0;
      view.setInt32(at, size);
      at += 4;
      if (size === 2) view.setInt16(at, value);
      else if (size === 4) view.setInt32(at, value);
      else if (type === "bigint[]") putInt64(view, at, value);
      else view.setFloat64(at, value);
      at += size;
    }
    this.#at = at;
  }

  #block(bytes: Uint8Array): void {
    this.#reserve(4 + bytes.length);
    this.#int32(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #int16(value: number): void {
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
  }

  #int32(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  #int64(value: number | bigint): void {
    if (typeof value === "bigint") this.#view.setBigInt64(this.#at, value);
    else putInt64(this.#view, this.#at, value);
    this.#at += 8;
  }

  #float64(value: number): void {
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#at + more, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}

/** @param client a connection, and no pool: what is copied belongs to its transaction */
export async function copyInto(
  client: Pick<pg.ClientBase, "query">,
  table: string,
  columns: readonly string[],
  rows: CopyRows,
): Promise<void> {
  if (rows.count === 0) return;
  const copy = client.query(copyFrom(`copy ${table} (${columns.join(", ")}) from stdin binary`));
  copy.end(rows.finish());
  await finished(copy);
}

/** Numbers are below 2^53: halves are cheaper than a bigint of each. */
function putInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 2 ** 32));
  view.setUint32(at + 4, value >>> 0);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
