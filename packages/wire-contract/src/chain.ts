import { hash } from "node:crypto";
import { type FrameHead } from "./frame.ts";
import { decodeVoid } from "./records.ts";

const input = new Uint8Array(20);
const view = new DataView(input.buffer);

/**
 * The chain at frame `seq`: SHA-256 over the chain before it, its number and the CRC of its content, cut to 64 bits.
 * Two journals that once differed in one frame differ in all chains after it.
 *
 * @param previous chain of the frame before; 0n before seq 1
 * @param crc content CRC, as `sealFrame` and `parseFrame` answer it
 */
export function chainAfter(previous: bigint, seq: number, crc: number): bigint {
  view.setBigUint64(0, previous);
  view.setBigUint64(8, BigInt(seq));
  view.setUint32(16, crc);
  return hash("sha256", input, "buffer").readBigUInt64BE(0);
}

/**
 * True when the frame goes on where `previous` ended. A void carries the chain of the last frame it stands for, so that
 * the frame after it fits; it fits itself when its own body begins at `previous`.
 *
 * @param previous chain at the number before this frame (before `fromSeq` of a void)
 */
export function fitsChain(
  frame: { readonly head: FrameHead; readonly body: Uint8Array; readonly contentCrc: number },
  previous: bigint,
): boolean {
  if (frame.head.content !== "void") {
    return frame.head.chain === chainAfter(previous, frame.head.seq, frame.contentCrc);
  }
  const body = decodeVoid(frame.body);
  return !("kind" in body) && body.chainBefore === previous && body.chainAt === frame.head.chain;
}
