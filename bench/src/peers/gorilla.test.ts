/** The peer is only fair when its stream holds everything: this reads it back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@millwright/kit";
import { makeColumns, makeSingles } from "../codec-data.ts";
import { BitWriter, writeGorilla } from "./gorilla.ts";

class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number): bigint {
    let value = 0n;
    for (let left = count; left > 0; left--) {
      const bit = ((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1;
      value = (value << 1n) | BigInt(bit);
      this.#at++;
    }
    return value;
  }
}

const windows: readonly (readonly [bits: number, away: number])[] = [
  [7, 63],
  [9, 255],
  [12, 2_047],
];

function readTimes(input: BitReader, count: number): number[] {
  const times = [Number(input.read(64))];
  let delta = 0;
  while (times.length < count) {
    let ones = 0;
    while (ones < 4 && input.read(1) === 1n) ones++;
    const [bits, away] = windows[ones - 1] ?? [32, 0];
    if (ones === 4) delta += Number(BigInt.asIntN(32, input.read(32)));
    else if (ones > 0) delta += Number(input.read(bits)) - away;
    times.push((times.at(-1) ?? 0) + delta);
  }
  return times;
}

function readValues(input: BitReader, count: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  let bits = input.read(64);
  let leading = 0;
  let meaningful = 0;
  const values: number[] = [];
  const take = (): void => {
    view.setBigUint64(0, bits);
    values.push(view.getFloat64(0));
  };
  take();
  while (values.length < count) {
    if (input.read(1) === 1n) {
      if (input.read(1) === 1n) {
        leading = Number(input.read(5));
        meaningful = Number(input.read(6)) || 64;
      }
      bits ^= input.read(meaningful) << BigInt(64 - leading - meaningful);
    }
    take();
  }
  return values;
}

test("the Gorilla stream gives back times, values and status", () => {
  const random = seededRandom("gorilla");
  const made = makeColumns(8, 300, "series", random);
  for (const columns of [made, makeSingles(made, random)]) {
    const timesMs = columns.measuredUs.map((us) => us / 1_000);
    for (let from = 0; from < columns.count; from += 300) {
      const out = new BitWriter(300 * 24);
      writeGorilla(out, timesMs, columns.value, columns.status, from, 300);
      const input = new BitReader(out.bytes.subarray(0, out.size));
      assert.deepEqual(readTimes(input, 300), [...timesMs.subarray(from, from + 300)]);
      assert.deepEqual(readValues(input, 300), [...columns.value.subarray(from, from + 300)]);
      let status = 0;
      for (let row = from; row < from + 300; row++) {
        if (input.read(1) === 1n) status = Number(input.read(32));
        assert.equal(status, columns.status[row]);
      }
    }
  }
});
