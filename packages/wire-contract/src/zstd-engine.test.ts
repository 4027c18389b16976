import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

import fc from "fast-check";

import { engineBytesMax, packQuickly, unpackQuickly } from "./zstd-engine.ts";

const level = 1;
const params = { [constants.ZSTD_c_compressionLevel]: level };
const few = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3_000 });
const made = fc.oneof(
  fc.uint8Array({ maxLength: 3_000 }),
  few.map((numbers) => Uint8Array.from(numbers)),
);

test("the context that is used again packs as a new one does, and unpacks what it packed", () => {
  fc.assert(
    fc.property(made, (bytes) => {
      const packed = packQuickly(bytes, level);
      assert.deepEqual(
        packed,
        new Uint8Array(zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length })),
      );
      assert.deepEqual(new Uint8Array(zstdDecompressSync(packed)), bytes);
      if (bytes.length > 0) assert.deepEqual(unpackQuickly(packed, bytes.length), bytes);
    }),
  );
});

test("the longest that is taken has room", () => {
  const bytes = Uint8Array.from({ length: engineBytesMax }, (_, at) => (at * 2_654_435_761) >>> 24);
  const packed = packQuickly(bytes, level);
  assert.deepEqual(unpackQuickly(packed, bytes.length), bytes);
});

test("what is cut off, changed or of another size is not unpacked, and the next one is all the same", () => {
  const whole = Uint8Array.from({ length: 500 }, (_, at) => at % 7);
  const packed = packQuickly(whole, level);
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const cut = packed.subarray(0, at);
      assert.equal(unpackQuickly(cut, whole.length), undefined);
      const changed = packed.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      // It has no sum of its own: the CRC of the frame around it finds what only changes a value.
      const unpacked = unpackQuickly(changed, whole.length);
      if (unpacked !== undefined) assert.equal(unpacked.length, whole.length);
      assert.deepEqual(unpackQuickly(packed, whole.length), whole);
    }),
  );
  assert.equal(unpackQuickly(packed, whole.length + 1), undefined);
  assert.equal(unpackQuickly(Uint8Array.of(...packed, 0), whole.length), undefined);
  assert.deepEqual(unpackQuickly(packed, whole.length), whole);
});
