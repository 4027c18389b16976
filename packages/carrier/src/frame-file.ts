/**
 * Frames one after the other in a file: eight letters, then of each its lane (1 byte), its length (4 bytes, least first)
 * and its bytes. The hash in the manifest proves the file; a frame has a CRC of its own besides.
 */
import { laneNumbers, roadLanes, type RoadLane } from "@millwright/wire-contract";

import { refuse, type Refusal } from "./refuse.ts";

/** A whole frame as the journal sealed it. */
export interface CarriedFrame {
  readonly lane: RoadLane;
  readonly bytes: Uint8Array;
}

/** A broker takes a megabyte by default, and the gateway seals no larger frame; the rest is for what comes. */
export const carriedFrameBytesMax: number = 2 * 2 ** 20;
const magic = Buffer.from("MWFRAME1", "latin1");
const headBytes = 5;

/** How many bytes a frame takes in a file. */
export function packedBytes(frame: CarriedFrame): number {
  return headBytes + frame.bytes.length;
}

export function packFrames(frames: readonly CarriedFrame[]): Uint8Array {
  const parts: Uint8Array[] = [magic];
  for (const { lane, bytes } of frames) {
    const head = Buffer.alloc(headBytes);
    head.writeUInt8(laneNumbers[lane], 0);
    head.writeUInt32LE(bytes.length, 1);
    parts.push(head, bytes);
  }
  return Buffer.concat(parts);
}

/** The frames are views of `bytes`. */
export function unpackFrames(bytes: Uint8Array): readonly CarriedFrame[] | Refusal {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!input.subarray(0, magic.length).equals(magic)) return refuse("it does not hold frames");
  const frames: CarriedFrame[] = [];
  for (let at = magic.length; at < input.length;) {
    if (at + headBytes > input.length) return refuse("it ends within a frame");
    const number = input.readUInt8(at);
    const lane = roadLanes.find((one) => laneNumbers[one] === number);
    if (lane === undefined) return refuse(`it names lane ${number}, which has no road`);
    const length = input.readUInt32LE(at + 1);
    if (length > carriedFrameBytesMax) return refuse("it holds a frame that is too long");
    const from = at + headBytes;
    if (from + length > input.length) return refuse("it ends within a frame");
    frames.push({ lane, bytes: input.subarray(from, from + length) });
    at = from + length;
  }
  return frames;
}
