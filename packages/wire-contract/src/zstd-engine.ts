/**
 * zstd with one context that is used again and again. Node makes a stream, its buffers and a context for each call of
 * `zstdCompressSync`: for a section of a kilobyte, which is packed in some µs, that is two to three times the work itself.
 *
 * What Node's streams write through (`_handle`) has no documentation; Node is pinned exactly (docs/adr/0001), and the test
 * beside this file fails when it is another one. Whatever is out of the ordinary takes the documented way.
 */
import assert from "node:assert/strict";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";

/** `lib/zlib.js` of Node 24: what is under a stream of zlib. */
interface Engine {
  readonly _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputFrom: number,
      inputBytes: number,
      output: Uint8Array,
      outputFrom: number,
      outputBytes: number,
    ): void;
    onerror: (message: string) => unknown;
  };
  /** After a write: bytes left in the output, bytes left in the input. */
  readonly _writeState: Uint32Array;
}

/** Longer ones are rare, and the context would keep what they needed. */
export const engineBytesMax = 65_536;
/** `ZSTD_COMPRESSBOUND` of zstd.h for at most `engineBytesMax`. */
const packedMax = engineBytesMax + (engineBytesMax >> 8) + 64;
// The stream's own buffer is not used: the least that Node takes.
const options = { chunkSize: 64 };

const packed = Buffer.allocUnsafeSlow(packedMax);
let packer: Engine | undefined;
let unpacker: Engine | undefined;

/**
 * @param bytes at most `engineBytesMax`
 * @returns holds until the next call
 */
export function packQuickly(bytes: Uint8Array, level: number): Uint8Array {
  packer ??= openEngine(
    createZstdCompress({ ...options, params: { [constants.ZSTD_c_compressionLevel]: level } }),
  );
  const { _handle, _writeState } = packer;
  // zstd is told the size by this: all of the input comes with the request to end.
  _handle.writeSync(constants.ZSTD_e_end, bytes, 0, bytes.length, packed, 0, packedMax);
  const [left = 0, unread = 0] = _writeState;
  assert(unread === 0 && left > 0, "zstd packs what it is given");
  return new Uint8Array(packed.buffer, packed.byteOffset, packedMax - left);
}

/**
 * Undefined where it is not one whole zstd frame of this size, or has an error.
 *
 * @param size at most `engineBytesMax`
 * @param into where it goes: one byte more than the size, or longer; what is beyond the size is not to be read
 */
export function unpackQuickly(
  bytes: Uint8Array,
  size: number,
  into: Uint8Array = Buffer.allocUnsafe(size + 1),
): Uint8Array | undefined {
  if (!isWholeFrame(bytes, size)) return undefined;
  unpacker ??= openUnpacker();
  const { _handle, _writeState } = unpacker;
  const failuresBefore = failures;
  _handle.writeSync(constants.ZSTD_e_end, bytes, 0, bytes.length, into, 0, size + 1);
  if (failures !== failuresBefore || _writeState[0] !== 1 || _writeState[1] !== 0) {
    // It may be in the middle of what was wrong.
    unpacker = undefined;
    return undefined;
  }
  return new Uint8Array(into.buffer, into.byteOffset, size);
}

/** Calls of the unpacker that were answered by an error. */
let failures = 0;

function openUnpacker(): Engine {
  const engine = openEngine(createZstdDecompress(options));
  engine._handle.onerror = () => failures++;
  return engine;
}

function openEngine(stream: object): Engine {
  const engine = stream as Partial<Engine>;
  assert(
    typeof engine._handle?.writeSync === "function" && engine._writeState instanceof Uint32Array,
    "this Node has other streams of zlib than the one that Millwright is made for",
  );
  return engine as Engine;
}

const magic = [0x28, 0xb5, 0x2f, 0xfd];
/** Bytes of the content size, by the two highest bits of the descriptor, and what is to be added. */
const sizeForms = [
  [1, 0],
  [2, 256],
  [4, 0],
  [8, 0],
] as const;

/**
 * One frame from its first byte to its last, as `packQuickly` writes them (RFC 8878, 3.1.1): in a single segment, with its
 * size, without a dictionary. A context that is used again must not be left waiting for the rest of a frame.
 */
function isWholeFrame(bytes: Uint8Array, size: number): boolean {
  if (bytes.length < 8) return false;
  for (let at = 0; at < magic.length; at++) if (bytes[at] !== magic[at]) return false;
  const descriptor = bytes[4] ?? 0;
  const [sizeBytes, added] = sizeForms[(descriptor >> 6) as 0 | 1 | 2 | 3];
  const isSingle = (descriptor & 0b0010_0000) !== 0;
  const hasDictionary = (descriptor & 0b0000_0011) !== 0;
  let at = 5 + sizeBytes;
  if (!isSingle || hasDictionary || at > bytes.length) return false;
  let stated = 0;
  for (let byte = at - 1; byte >= 5; byte--) stated = stated * 256 + (bytes[byte] ?? 0);
  if (stated + added !== size) return false;
  for (let isLast = false; !isLast;) {
    if (at + 3 > bytes.length) return false;
    const block = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    isLast = (block & 1) === 1;
    const isRepeated = ((block >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : block >> 3);
  }
  const hasSum = (descriptor & 0b0000_0100) !== 0;
  return at + (hasSum ? 4 : 0) === bytes.length;
}
