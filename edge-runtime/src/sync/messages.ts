import type { Refused } from "@millwright/kit";
import {
  isEpoch,
  isTagId,
  roadLanes,
  watchedTagsMax,
  type Epoch,
  type EpochPosition,
  type HelloAnswer,
  type LanePosition,
  type MarkMessage,
  type ProbeAnswer,
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

import type { OutboxLane } from "../hand-over.ts";

/** The small messages between gateway and hub: bytes become types here, and nowhere else. */

const count = z.int().min(0);
const mark = z.object({
  epoch: z.custom<Epoch>((value) => typeof value === "string" && isEpoch(value)),
  lane: z.enum(roadLanes),
  storedSeq: count,
  chain: z.string().regex(/^[0-9a-f]{16}$/),
  safeSeq: count,
});
const markMessage = z.object({
  version: z.literal(1),
  incarnation: z.string().min(1),
  // Two lanes of each epoch that a gateway may still hold; a longer list is not one of ours.
  marks: z.array(mark).max(100_000),
  running: z.custom<Epoch>((value) => typeof value === "string" && isEpoch(value)).exactOptional(),
  watched: z
    .array(z.custom<TagId>((value) => typeof value === "string" && isTagId(value)))
    .max(watchedTagsMax)
    .exactOptional(),
});
const helloAnswer = markMessage.extend({
  session: z.number(),
  hubNowUs: z.number(),
  fenced: z.literal(true).exactOptional(),
});

const probeAnswer: z.ZodType<ProbeAnswer> = z.object({
  version: z.literal(1),
  stores: z.boolean(),
});

export function parseProbeAnswer(bytes: Uint8Array): ProbeAnswer | Refused {
  return parseJson(bytes, probeAnswer, "answer to the test");
}

export function parseMarks(bytes: Uint8Array): MarkMessage | Refused {
  return parseJson(bytes, markMessage, "mark");
}

export function parseHelloAnswer(bytes: Uint8Array): HelloAnswer | Refused {
  return parseJson(bytes, helloAnswer, "answer to hello");
}

export function toJson(message: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** A chain as it travels in JSON. */
export function toHex(chain: bigint): string {
  return chain.toString(16).padStart(16, "0");
}

/** The lanes of the journal as a hello tells them, epoch by epoch. */
export function toPositions(lanes: readonly OutboxLane[]): EpochPosition[] {
  const epochs = new Map<Epoch, EpochPosition & { readonly lanes: LanePosition[] }>();
  for (const lane of lanes) {
    let position = epochs.get(lane.epoch);
    if (position === undefined) {
      const parent = lane.parent === undefined ? {} : { parent: lane.parent };
      const { epoch, startedUs, lastCommitUs } = lane;
      position = { epoch, ...parent, startedUs, lastCommitUs, lanes: [] };
      epochs.set(lane.epoch, position);
    }
    position.lanes.push({
      lane: lane.lane,
      baseSeq: lane.baseSeq,
      baseChain: toHex(lane.baseChain),
      storedSeq: lane.storedSeq,
      headSeq: lane.headSeq,
      headChain: toHex(lane.headChain),
    });
  }
  return [...epochs.values()];
}

function parseJson<T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T | Refused {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    return { kind: "refused", reason: `${what}: ${z.prettifyError(parsed.error)}` };
  } catch {
    return { kind: "refused", reason: `${what} is not JSON` };
  }
}
