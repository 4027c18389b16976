import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { Malformed } from "./bytes.ts";
import { engineBytesMax, packQuickly, unpackQuickly } from "./zstd-engine.ts";

/** A body never unpacks to more than this: a million samples of the most costly kind, and no gate for a bomb. */
export const unpackedMax: number = 64 * 1024 * 1024;

/** Below this a zstd frame costs more for its own head (about 12 bytes) than it can save. */
const worthwhileFrom = 48;

// Level 1: what comes here was made small by its column already. Level 3 made it 0.5 % larger and encoding a tenth
// slower (`bench codec`), and levels far above gain a few per cent for several times the time.
const level = 1;
const params = { [constants.ZSTD_c_compressionLevel]: level };

/** The packed bytes, or undefined when packing saves nothing. They hold until the next call. */
export function pack(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < worthwhileFrom || isEven(bytes)) return undefined;
  const packed = bytes.length <= engineBytesMax ? packQuickly(bytes, level) : packLong(bytes);
  return packed.length < bytes.length ? packed : undefined;
}

function packLong(bytes: Uint8Array): Uint8Array {
  // Told the size, zstd makes tables for it; else it makes those for megabytes, which takes longer than the packing.
  return zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length, chunkSize: pieceMost });
}

/** Bytes that are made room for at once: the least that zlib takes, and no more than may be trusted to come. */
const pieceLeast = 64;
const pieceMost = 65_536;

/**
 * @param size what it says it unpacks to; anything else is malformed
 * @param into may hold the answer where it has a byte more than that
 */
export function unpack(bytes: Uint8Array, size: number, into?: Uint8Array): Uint8Array {
  if (size > unpackedMax) throw new Malformed(`it unpacks to more than ${unpackedMax} bytes`);
  const room = into !== undefined && into.length > size ? into : undefined;
  const quick = size <= engineBytesMax ? unpackQuickly(bytes, size, room) : undefined;
  if (quick !== undefined) return quick;
  let unpacked: Uint8Array;
  try {
    // One byte more than stated, so that a longer one is an error and never an allocation.
    const maxOutputLength = size + 1;
    const chunkSize = pieceFor(maxOutputLength);
    unpacked = zstdDecompressSync(bytes, { maxOutputLength, chunkSize });
  } catch {
    throw new Malformed("its zstd part cannot be unpacked");
  }
  if (unpacked.length !== size) throw new Malformed("its zstd part has another size than stated");
  // A plain array: a Buffer would hand its own `slice`, which copies nothing, to whoever reads it.
  return new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length);
}

/** In one piece of its own size: the usual 16 KiB for each call are more than the bytes of a hundred chunks. */
function pieceFor(bytes: number): number {
  return Math.min(Math.max(bytes, pieceLeast), pieceMost);
}

const counts = new Uint8Array(256);
const lookedAtMax = 512;

/**
 * True when all byte values are about equally frequent in a sample of the bytes: then there is nothing to gain, and a
 * call of zstd (some µs) would be the greatest cost of a small frame. The measure is the number of pairs of equal
 * bytes; bytes that a perfect code would shorten by a tenth have half as many again as random ones. Of 512 random bytes
 * the number of pairs has a standard deviation of a twentieth, so half as many again is no chance.
 */
function isEven(bytes: Uint8Array): boolean {
  counts.fill(0);
  const stride = Math.ceil(bytes.length / lookedAtMax);
  const lookedAt = Math.ceil(bytes.length / stride);
  const pairsOfUneven = (1.5 * lookedAt * (lookedAt - 1)) / 2 / 256;
  let pairs = 0;
  for (let at = 0; at < bytes.length; at += stride) {
    const byte = bytes[at] ?? 0;
    const before = counts[byte] ?? 0;
    pairs += before;
    if (pairs >= pairsOfUneven) return false;
    counts[byte] = before + 1;
  }
  return true;
}
