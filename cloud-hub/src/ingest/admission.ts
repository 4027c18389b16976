/** What a message on a frame subject is, before anything is stored. Pure: bytes and subject in, a verdict out. */
import {
  decodeAggregates,
  decodeCapture,
  decodeClock,
  decodeLedger,
  decodePiece,
  decodeSamples,
  decodeStarts,
  decodeVoid,
  parseFrame,
  readDictionary,
  type BatchScratch,
  type ClockRecord,
  type Dictionary,
  type Epoch,
  type FrameHead,
  type GatewayId,
  type LedgerEntry,
  type RoadLane,
  type SampleColumns,
  type StartRecord,
} from "@millwright/wire-contract";
import { decodeEvents, type EventsBody } from "@millwright/wire-contract/events";
import type { Refused } from "@millwright/kit";

import type { ChainedFrame, ChainedVoid } from "./prefix.ts";

/** One lane of one epoch: where numbers rise and a mark stands. */
export interface LaneKey {
  readonly gateway: GatewayId;
  readonly epoch: Epoch;
  readonly lane: RoadLane;
}

export interface AdmittedFrame extends LaneKey, ChainedFrame {
  readonly head: FrameHead;
  readonly body: Uint8Array;
  readonly bytes: Uint8Array;
  /** Why it cannot be decoded, when it cannot. Its bytes are kept and count as stored: a later version decodes them. */
  readonly undecodable?: string;
  readonly samples?: SampleColumns;
  readonly dictionary?: Dictionary;
  readonly entries?: readonly LedgerEntry[];
  readonly starts?: readonly StartRecord[];
  readonly clock?: ClockRecord;
  readonly events?: EventsBody;
}

export interface AdmittedVoid extends LaneKey, ChainedVoid {
  readonly bytes: Uint8Array;
}

export type Verdict =
  | { readonly kind: "frame"; readonly frame: AdmittedFrame }
  | { readonly kind: "void"; readonly gap: AdmittedVoid }
  /** Not stored. `corrupt` is asked for again by the mark that does not move; `foreign` came by another's subject. */
  | { readonly kind: "corrupt" | "foreign"; readonly reason: string };

/**
 * @param gateway of the subject, which the sender's credentials are held to
 * @param lane of the subject
 * @param dictionaryOf the dictionaries known by now; samples whose dictionary is still on its way are decoded later
 * @param scratch samples are read into this, and hold as long as it does
 */
export function admit(
  bytes: Uint8Array,
  gateway: string,
  lane: RoadLane,
  dictionaryOf: (gateway: GatewayId, hash: bigint) => Dictionary | undefined,
  scratch?: BatchScratch,
): Verdict {
  const parsed = parseFrame(bytes);
  if (parsed.kind === "corrupt") return { kind: "corrupt", reason: parsed.reason };
  const { head, body, contentCrc } = parsed;
  if (head.gateway !== gateway) {
    return { kind: "foreign", reason: `a frame of ${head.gateway} was sent by ${gateway}` };
  }
  if (head.lane !== lane) {
    return { kind: "foreign", reason: `a frame of lane ${head.lane} was sent by lane ${lane}` };
  }
  const key = { gateway: head.gateway, epoch: head.epoch, lane };
  const frame: AdmittedFrame = {
    ...key,
    seq: head.seq,
    chain: head.chain,
    contentCrc,
    cum: head.cum,
    sampleCount: head.sampleCount,
    head,
    body,
    bytes,
  };
  const keepBytes = (reason: string): Verdict => ({
    kind: "frame",
    frame: { ...frame, undecodable: reason },
  });
  if (parsed.kind === "undecodable") return keepBytes(parsed.reason);

  switch (head.content) {
    case "void": {
      const gap = decodeVoid(body);
      if (isRefused(gap)) return { kind: "corrupt", reason: gap.reason };
      return { kind: "void", gap: { ...key, ...gap, cum: head.cum, bytes } };
    }
    case "dictionary": {
      const dictionary = readDictionary(body);
      if (isRefused(dictionary)) return keepBytes(dictionary.reason);
      return { kind: "frame", frame: { ...frame, dictionary } };
    }
    case "ledger": {
      const entries = decodeLedger(body);
      if (isRefused(entries)) return keepBytes(entries.reason);
      return { kind: "frame", frame: { ...frame, entries } };
    }
    case "start": {
      const starts = decodeStarts(body);
      if (isRefused(starts)) return keepBytes(starts.reason);
      return { kind: "frame", frame: { ...frame, starts } };
    }
    case "samples": {
      const dictionary = dictionaryOf(head.gateway, head.dictionary);
      if (dictionary === undefined) return { kind: "frame", frame };
      const samples = decodeSamples(body, dictionary, scratch);
      if (isRefused(samples)) return keepBytes(samples.reason);
      return { kind: "frame", frame: { ...frame, samples } };
    }
    case "capture":
    case "piece": {
      const read = head.content === "piece" ? decodePiece(body) : decodeCapture(body);
      return isRefused(read) ? keepBytes(read.reason) : { kind: "frame", frame };
    }
    case "aggregates": {
      const read = decodeAggregates(body);
      return isRefused(read) ? keepBytes(read.reason) : { kind: "frame", frame };
    }
    case "clock": {
      const clock = decodeClock(body);
      if (isRefused(clock)) return keepBytes(clock.reason);
      return { kind: "frame", frame: { ...frame, clock } };
    }
    case "events": {
      const events = decodeEvents(body);
      if (isRefused(events)) return keepBytes(events.reason);
      return { kind: "frame", frame: { ...frame, events } };
    }
    case "unknown":
      return { kind: "frame", frame };
  }
}

function isRefused(value: object): value is Refused {
  return "kind" in value && value.kind === "refused";
}
