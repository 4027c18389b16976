import assert from "node:assert/strict";
import { ByteWriter, Malformed } from "./bytes.ts";
import { chainAfter } from "./chain.ts";
import { crc32c, joinCrc32c } from "./crc32c.ts";
import type { FrameHead } from "./frame.ts";
import {
  bodyField,
  chainField,
  crcField,
  frameVersion,
  readDraft,
  toHead,
  writeDescription,
} from "./head-fields.ts";
import * as protobuf from "./protobuf.ts";
import { decodeVoid } from "./records.ts";
import { reasonOf } from "./refuse.ts";
import { isEpoch, isGatewayId } from "./tag.ts";

/** The bytes of a frame are `headBytes` and then `body`. Two lanes may share one body under two heads. */
export interface SealedFrame {
  readonly head: FrameHead;
  /** Everything up to and with the length of the body. */
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array;
  /** CRC-32C of everything but chain and crc: what the chain is made from. */
  readonly contentCrc: number;
  /** CRC-32C of the body alone: whoever puts a second head before it need not read it again. */
  readonly bodyCrc: number;
}

/**
 * - `corrupt`: the CRC is wrong or there is no head; not stored, asked for again.
 * - `undecodable`: whole, but from a program that knows more than this one; kept as bytes, and counts as stored.
 */
export type ParsedFrame =
  | {
      readonly kind: "frame";
      readonly head: FrameHead;
      readonly body: Uint8Array;
      readonly contentCrc: number;
    }
  | {
      readonly kind: "undecodable";
      readonly head: FrameHead;
      readonly body: Uint8Array;
      readonly contentCrc: number;
      readonly reason: string;
    }
  | { readonly kind: "corrupt"; readonly reason: string };

const scratch = new ByteWriter(256);
const tail = new ByteWriter(32);
/** Key and number of the field `chain`; `crc` takes 5. */
const chainFieldSize = 9;
const crcFieldSize = 5;
/** The difference of two such times is exact. */
const headUsMax = 2 ** 52 - 1;

/**
 * Gives a body its place in a lane: chain, CRC and head. A void takes its chain from its body, because the frame after
 * it was chained to the last of the frames that it stands for.
 *
 * @param previousChain chain of the frame before in this epoch and lane; 0n before seq 1
 * @param bodyCrc CRC-32C of the body, where it is known
 */
export function sealFrame(
  given: Omit<FrameHead, "chain">,
  previousChain: bigint,
  body: Uint8Array,
  bodyCrc: number = crc32c(body),
): SealedFrame {
  const fields = {
    ...given,
    firstUs: withinHead(Math.floor(given.firstUs)),
    lastUs: withinHead(Math.ceil(given.lastUs)),
    sealedUs: withinHead(Math.floor(given.sealedUs)),
  };
  assert(isGatewayId(fields.gateway), `gateway id "${fields.gateway}" cannot be written`);
  assert(isEpoch(fields.epoch), `epoch "${fields.epoch}" cannot be written`);
  assert(fields.seq >= 1, "frames are numbered from 1");
  assert(fields.content !== "unknown", "a frame says what it holds");
  const out = scratch;
  out.clear();
  writeDescription(out, fields);
  tail.clear();
  protobuf.blockHead(tail, bodyField, body.length);
  const headCrc = crc32c(tail.view(), crc32c(out.view()));
  const contentCrc = joinCrc32c(headCrc, bodyCrc, body.length);
  const chain = chainOf(fields, previousChain, contentCrc, body);

  const chainFrom = out.length;
  // Written also when it is 0, so that the three last fields always have the same shape.
  out.varint(chainField * 8 + 1);
  out.fixed64(chain);
  const crc = crc32c(out.view().subarray(chainFrom), contentCrc);
  protobuf.fixed32Field(out, crcField, crc);
  out.raw(tail.view());
  return { head: { ...fields, chain }, headBytes: out.copy(), body, contentCrc, bodyCrc };
}

/** The whole frame as one array. */
export function frameBytes(frame: {
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array;
}): Uint8Array {
  const bytes = new Uint8Array(frame.headBytes.length + frame.body.length);
  bytes.set(frame.headBytes);
  bytes.set(frame.body, frame.headBytes.length);
  return bytes;
}

/** Never throws. The body is a view into `bytes`. */
export function parseFrame(bytes: Uint8Array): ParsedFrame {
  try {
    return parse(bytes);
  } catch (failure) {
    return { kind: "corrupt", reason: reasonOf("frame", failure) };
  }
}

/**
 * A device may say any time at all; its samples keep it, and the head, which only bounds them, is held within 142 years
 * of 1970.
 */
function withinHead(us: number): number {
  assert(!Number.isNaN(us), "a head has times");
  return Math.max(-headUsMax, Math.min(headUsMax, us));
}

function chainOf(
  fields: Omit<FrameHead, "chain">,
  previous: bigint,
  contentCrc: number,
  body: Uint8Array,
): bigint {
  if (fields.content !== "void") return chainAfter(previous, fields.seq, contentCrc);
  const read = decodeVoid(body);
  assert(!("kind" in read), "the body of a void is a void");
  assert.equal(read.toSeq, fields.seq, "a void has the number of the last frame it stands for");
  return read.chainAt;
}

function parse(bytes: Uint8Array): ParsedFrame {
  const draft = readDraft(bytes);
  const { chainFrom, crcFrom, bodyFrom, body } = draft;
  if (
    body === undefined ||
    chainFrom < 0 ||
    crcFrom !== chainFrom + chainFieldSize ||
    bodyFrom !== crcFrom + crcFieldSize ||
    body.byteOffset + body.length !== bytes.byteOffset + bytes.length
  ) {
    throw new Malformed("chain, crc and body are not its last fields");
  }
  const contentCrc = crc32c(bytes.subarray(bodyFrom), crc32c(bytes.subarray(0, chainFrom)));
  const crc = crc32c(bytes.subarray(chainFrom, crcFrom), contentCrc);
  if (crc !== draft.crc) return { kind: "corrupt", reason: "the CRC of the frame is wrong" };

  const version = Math.floor(draft.kind / 128) + 1;
  const contentNumber = Math.floor(draft.kind / 8) % 16;
  const head = toHead(draft, contentNumber);
  if (version !== frameVersion || head.content === "unknown") {
    const reason =
      version === frameVersion
        ? `content ${contentNumber} is not known to this program`
        : `frame version ${version} is not known to this program, which knows ${frameVersion}`;
    return { kind: "undecodable", head, body, contentCrc, reason };
  }
  return { kind: "frame", head, body, contentCrc };
}
