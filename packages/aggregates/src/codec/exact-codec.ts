import {
  Malformed,
  ScalarReader,
  ScalarWriter,
  type ByteReader,
  type ByteWriter,
} from "@millwright/wire-contract/codec";

import type { ExactBucket } from "../buckets.ts";
import type { OpenExact } from "../exact.ts";

/** What a double cannot hold, row by row. */

const parts = { min: 1, max: 2, delta: 4 } as const;
const names = ["min", "max", "delta"] as const;

export function writeExact(out: ByteWriter, exact: ReadonlyMap<number, ExactBucket>): void {
  const scalars = new ScalarWriter(out);
  out.varint(exact.size);
  let previous = 0;
  for (const [row, bucket] of [...exact].sort(([a], [b]) => a - b)) {
    out.varint(row - previous);
    previous = row;
    out.byte(
      names.reduce((bits, name) => bits | (bucket[name] === undefined ? 0 : parts[name]), 0),
    );
    scalars.write(bucket.first);
    scalars.write(bucket.last);
    for (const name of names) {
      const value = bucket[name];
      if (value !== undefined) scalars.write(value);
    }
  }
}

export function readExact(input: ByteReader, bucketCount: number): Map<number, ExactBucket> {
  const scalars = new ScalarReader(input);
  const exact = new Map<number, ExactBucket>();
  let row = 0;
  for (let left = input.varint(); left > 0; left--) {
    row += input.varint();
    if (row >= bucketCount) throw new Malformed("an exact value lies outside its buckets");
    const bits = input.byte();
    const bucket: OpenExact = { first: scalars.read(), last: scalars.read() };
    for (const name of names) {
      if ((bits & parts[name]) === 0) continue;
      const value = scalars.read();
      if (typeof value !== "bigint") throw new Malformed("an exact value is no integer");
      bucket[name] = value;
    }
    exact.set(row, bucket);
  }
  return exact;
}
