/** The fields of a head as `frame.proto` has them: written one after the other, read in whatever order they come. */
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import { epochBytes, epochOf } from "./epoch-bytes.ts";
import { frameContents, type Complete, type FrameContent, type FrameHead } from "./frame.ts";
import { laneNumbers, lanes, type Lane } from "./lane.ts";
import * as protobuf from "./protobuf.ts";
import { isGatewayId } from "./tag.ts";

/** The version of frames that this program writes. */
export const frameVersion = 1;

export const chainField = 13;
export const crcField = 14;
export const bodyField = 15;

/** Writes all fields but the last three. */
export function writeDescription(out: ByteWriter, fields: Omit<FrameHead, "chain">): void {
  const kind = laneNumbers[fields.lane] + 8 * frameContents[fields.content];
  protobuf.uintField(out, 1, kind + 128 * (frameVersion - 1));
  protobuf.stringField(out, 2, fields.gateway);
  protobuf.blockField(out, 3, epochBytes(fields.epoch));
  protobuf.uintField(out, 4, fields.seq);
  protobuf.uintField(out, 5, fields.cum);
  protobuf.uintField(out, 6, fields.sampleCount);
  protobuf.fixed64Field(out, 7, fields.dictionary);
  protobuf.sintField(out, 8, fields.firstUs);
  protobuf.sintField(out, 9, fields.lastUs - fields.firstUs);
  protobuf.sintField(out, 10, fields.sealedUs - fields.lastUs);
  protobuf.uintField(out, 11, fields.clock.segment);
  protobuf.uintField(out, 12, fields.rawFrom);
  protobuf.sintField(out, 16, fields.rawTo - fields.rawFrom);
  protobuf.sintField(out, 17, fields.clock.offsetUs);
  protobuf.boolField(out, 18, !fields.clock.disciplined);
  protobuf.boolField(out, 19, fields.late);
  protobuf.uintField(out, 20, fields.order ?? 0);
  if (fields.complete !== undefined) writeComplete(out, fields.complete);
}

const block = new ByteWriter(32);

function writeComplete(out: ByteWriter, complete: Complete): void {
  block.clear();
  protobuf.sintField(block, 1, complete.upToUs);
  protobuf.uintField(block, 2, complete.criticalSeq);
  protobuf.uintField(block, 3, complete.liveSeq);
  protobuf.uintField(block, 4, complete.historySeq);
  protobuf.blockField(out, 21, block.view());
}

function readComplete(bytes: Uint8Array): Complete {
  let [upToUs, criticalSeq, liveSeq, historySeq] = [0, 0, 0, 0];
  protobuf.readFields(new ByteReader(bytes), (field, value) => {
    if (field === 1) upToUs = value.sint();
    else if (field === 2) criticalSeq = value.uint();
    else if (field === 3) liveSeq = value.uint();
    else if (field === 4) historySeq = value.uint();
  });
  return { upToUs, criticalSeq, liveSeq, historySeq };
}

/** What is read before it is known to be true: nothing of it leaves before the CRC was checked. */
export class Draft {
  kind = 0;
  gateway = "";
  epoch: Uint8Array = new Uint8Array(0);
  seq = 0;
  cum = 0;
  sampleCount = 0;
  dictionary = 0n;
  firstUs = 0;
  spanUs = 0;
  sealedAfterUs = 0;
  segment = 0;
  rawFrom = 0;
  rawSpan = 0;
  offsetUs = 0;
  undisciplined = false;
  late = false;
  order = 0;
  complete: Complete | undefined;
  chain = 0n;
  chainFrom = -1;
  crc = 0;
  crcFrom = -1;
  body: Uint8Array | undefined;
  bodyFrom = -1;
}

/** Finds the fields, and where the last three of them begin. */
export function readDraft(bytes: Uint8Array): Draft {
  const draft = new Draft();
  protobuf.readFields(new ByteReader(bytes), (field, value, from) => {
    switch (field) {
      case 1:
        draft.kind = value.uint();
        return;
      case 2:
        draft.gateway = value.string();
        return;
      case 3:
        draft.epoch = value.block();
        return;
      case 4:
        draft.seq = value.uint();
        return;
      case 5:
        draft.cum = value.uint();
        return;
      case 6:
        draft.sampleCount = value.uint();
        return;
      case 7:
        draft.dictionary = value.fixed64();
        return;
      case 8:
        draft.firstUs = value.sint();
        return;
      case 9:
        draft.spanUs = value.sint();
        return;
      case 10:
        draft.sealedAfterUs = value.sint();
        return;
      case 11:
        draft.segment = value.uint();
        return;
      case 12:
        draft.rawFrom = value.uint();
        return;
      case 16:
        draft.rawSpan = value.sint();
        return;
      case 17:
        draft.offsetUs = value.sint();
        return;
      case 18:
        draft.undisciplined = value.bool();
        return;
      case 19:
        draft.late = value.bool();
        return;
      case 20:
        draft.order = value.uint();
        return;
      case 21:
        draft.complete = readComplete(value.block());
        return;
      case chainField:
        draft.chain = value.fixed64();
        draft.chainFrom = from;
        return;
      case crcField:
        draft.crc = value.fixed32();
        draft.crcFrom = from;
        return;
      case bodyField:
        draft.body = value.block();
        draft.bodyFrom = from;
        return;
    }
  });
  return draft;
}

/** The head under a CRC that was right. `unknown` is a content of a later program. */
export function toHead(draft: Draft, contentNumber: number): FrameHead {
  if (!isGatewayId(draft.gateway)) throw new Malformed("the gateway id is not one");
  if (draft.seq < 1) throw new Malformed("it has no number");
  const lastUs = draft.firstUs + draft.spanUs;
  return {
    gateway: draft.gateway,
    epoch: epochOf(draft.epoch),
    lane: laneOf(draft.kind % 8),
    seq: draft.seq,
    content: contentOf(contentNumber),
    chain: draft.chain,
    cum: draft.cum,
    sampleCount: draft.sampleCount,
    dictionary: draft.dictionary,
    firstUs: draft.firstUs,
    lastUs,
    sealedUs: lastUs + draft.sealedAfterUs,
    clock: {
      segment: draft.segment,
      disciplined: !draft.undisciplined,
      offsetUs: draft.offsetUs,
    },
    rawFrom: draft.rawFrom,
    rawTo: draft.rawFrom + draft.rawSpan,
    late: draft.late,
    ...(draft.order === 0 ? {} : { order: draft.order }),
    ...(draft.complete === undefined ? {} : { complete: draft.complete }),
  };
}

function laneOf(number: number): Lane {
  const lane = lanes.find((one) => laneNumbers[one] === number);
  // Without its lane a frame has no identity under which it could be kept.
  if (lane === undefined) throw new Malformed(`lane ${number} does not exist`);
  return lane;
}

const contents = Object.keys(frameContents) as FrameContent[];

function contentOf(number: number): FrameContent {
  return contents.find((one) => frameContents[one] === number) ?? "unknown";
}
