import {
  Malformed,
  ScalarReader,
  ScalarWriter,
  type ByteReader,
  type ByteWriter,
} from "@millwright/wire-contract/codec";

import type { StateTimes } from "../buckets.ts";
import { readNumbers, writeNumbers } from "./number-column.ts";

/** Times in states: the states once, then for each row its bucket, its state and its time. */

/** A state for each sample of an hour at 1 kHz is noise, and not a state. */
const rowsMax = 3_600_000;

export function writeStates(out: ByteWriter, { keys, count, bucket, key, us }: StateTimes): void {
  const scalars = new ScalarWriter(out);
  out.varint(keys.length);
  for (const one of keys) scalars.write(one);
  out.varint(count);
  for (let row = 0; row < count; row++) {
    out.varint((bucket[row] ?? 0) - (bucket[row - 1] ?? 0));
    out.varint(key[row] ?? 0);
  }
  writeNumbers(out, us.subarray(0, count), (row) => us[row - 1] ?? 0);
}

export function readStates(input: ByteReader, bucketCount: number): StateTimes {
  const scalars = new ScalarReader(input);
  const keyCount = input.varint();
  if (keyCount > input.left) throw new Malformed("it has more states than bytes");
  const keys = Array.from({ length: keyCount }, () => scalars.read());
  const count = input.varint();
  if (count > rowsMax) throw new Malformed(`it has more than ${rowsMax} times in states`);
  if (count > input.left) throw new Malformed("it has more times than bytes");
  const bucket = new Uint32Array(count);
  const key = new Uint32Array(count);
  const us = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    bucket[row] = (bucket[row - 1] ?? 0) + input.varint();
    key[row] = input.varint();
    if ((bucket[row] ?? 0) >= bucketCount) throw new Malformed("a state lies outside its buckets");
    if ((key[row] ?? 0) >= keyCount) throw new Malformed("a state is not among its states");
  }
  readNumbers(
    input,
    count,
    (row) => us[row - 1] ?? 0,
    (row, number) => {
      us[row] = number;
    },
  );
  return { keys, count, bucket, key, us };
}
