/**
 * Frames that follow each other in a lane and come together share a row: the head of a row and its place in the index
 * cost some 200 bytes, nearly as much as a frame of 50 samples. A run lies in the table of frames as one row with the
 * number and chain of its last frame; `run_from` is the number of its first. Its frames are kept as they came, each
 * behind its length, and packed together where that helps: small frames are half head, and their heads are alike.
 */
import { frameContents } from "@millwright/wire-contract";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** As `content` of a row; contents of frames have four bits. */
export const runContent = 16;
/** SQL: the row `f` holds samples that can be decoded. 1 is one frame of them. */
export const holdsSamples = `f.content in (1, ${runContent})`;
/** SQL: the row `f` holds what history is made from: samples, or minutes that a gateway told. */
export const holdsHistory = `f.content in (1, ${frameContents.aggregates}, ${runContent})`;
/** Who looks for a frame looks at no more rows than these above its number. */
export const runFramesMax = 64;
/** A reader of one frame reads all of its run. */
const runBytesMax = 65_536;
const lengthBytes = 4;
/** The first byte of a run: how the rest is kept. */
const forms = { plain: 0, zstd: 1 } as const;
/** Lengths and the frames of a run; what unpacks to more is none. */
const unpackedMax = runBytesMax + runFramesMax * lengthBytes;
/** Packed only where it saves this much: frames of 1,000 samples are packed already, and a damage would cost them all. */
const worthwhileShare = 1 / 8;
/** Of frames as long as these the head, which is what repeats, is no eighth. */
const packedBelow = 1_024;

/** Cuts frames, which are in the order of their numbers, where a row ends. */
export function cutRuns<Frame extends { readonly seq: number; readonly bytes: Uint8Array }>(
  frames: readonly Frame[],
  mayJoin: (frame: Frame) => boolean,
): readonly (readonly Frame[])[] {
  const runs: Frame[][] = [];
  let open: Frame[] | undefined;
  let bytes = 0;
  for (const frame of frames) {
    const joins = mayJoin(frame);
    bytes += frame.bytes.length;
    if (
      open !== undefined &&
      joins &&
      open.at(-1)?.seq === frame.seq - 1 &&
      open.length < runFramesMax &&
      bytes <= runBytesMax
    ) {
      open.push(frame);
      continue;
    }
    runs.push([frame]);
    open = joins ? runs.at(-1) : undefined;
    bytes = frame.bytes.length;
  }
  return runs;
}

/** The bytes of a row: of one frame as it came, of several each behind its length. */
export function rowBytes(frames: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const [only] = frames;
  if (only !== undefined && frames.length === 1) return only.bytes;
  const total = frames.reduce((sum, { bytes }) => sum + lengthBytes + bytes.length, 0);
  const joined = Buffer.allocUnsafe(1 + total);
  let at = joined.writeUInt8(forms.plain, 0);
  for (const { bytes } of frames) {
    at = joined.writeUInt32LE(bytes.length, at);
    joined.set(bytes, at);
    at += bytes.length;
  }
  if (total >= packedBelow * frames.length) return joined;
  // Level 1: it finds heads that repeat as well as higher ones do.
  const packed = zstdCompressSync(joined.subarray(1), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    pledgedSrcSize: total,
  });
  if (packed.length > total * (1 - worthwhileShare)) return joined;
  return Buffer.concat([Buffer.of(forms.zstd), packed]);
}

/**
 * The frames of a row, in the order of their numbers. Each has its own CRC: where a disk has changed a length, the rest
 * comes back as one piece, which is no frame, and so does all of a row that cannot be unpacked.
 *
 * @param runFrom null for a row of one frame
 */
export function framesOfRow(bytes: Uint8Array, runFrom: unknown): readonly Uint8Array[] {
  if (runFrom === null) return [bytes];
  const run = unpacked(bytes);
  return run === undefined ? [bytes] : split(run);
}

function unpacked(bytes: Uint8Array): Uint8Array | undefined {
  const rest = bytes.subarray(1);
  if (bytes[0] === forms.plain) return rest;
  if (bytes[0] !== forms.zstd) return undefined;
  try {
    return zstdDecompressSync(rest, { maxOutputLength: unpackedMax });
  } catch {
    return undefined;
  }
}

function split(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end =
      at + lengthBytes <= bytes.length ? at + lengthBytes + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) {
      frames.push(bytes.subarray(at));
      break;
    }
    frames.push(bytes.subarray(at + lengthBytes, end));
    at = end;
  }
  return frames;
}
