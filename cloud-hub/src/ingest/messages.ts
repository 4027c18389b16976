/** The small messages from gateways: bytes become types here, and nowhere else in the hub. */
import { isPublicKey } from "@millwright/carrier";
import type { Refused } from "@millwright/kit";
import {
  isDeviceId,
  isEpoch,
  isGatewayId,
  isTagId,
  roadLanes,
  helloOverviewMax,
  historyRunsMax,
  staleTagsMax,
  type Beat,
  type DeviceId,
  type Epoch,
  type GatewayId,
  type Hello,
  type Probe,
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

const count = z.int().min(0);
const text = z.string().max(1_000);
const gateway = z.custom<GatewayId>((value) => typeof value === "string" && isGatewayId(value));
const epoch = z.custom<Epoch>((value) => typeof value === "string" && isEpoch(value));
const chain = z.string().regex(/^[0-9a-f]{16}$/);
/** The address becomes a link on the console: nothing but a web address may stand there. */
const webAddress = z.union([z.literal(""), z.url({ protocol: /^https?$/ })]);

const hello: z.ZodType<Hello> = z.object({
  version: z.literal(1),
  gateway,
  name: text,
  site: text,
  hmi: webAddress,
  software: text,
  incarnation: z.string().max(64).exactOptional(),
  // A gateway that has started every minute for a month and never reached its hub.
  epochs: z
    .array(
      z.object({
        epoch,
        parent: epoch.exactOptional(),
        startedUs: z.number(),
        lastCommitUs: z.number().exactOptional(),
        lanes: z
          .array(
            z.object({
              lane: z.enum(roadLanes),
              baseSeq: count,
              baseChain: chain,
              storedSeq: count,
              headSeq: count,
              headChain: chain,
            }),
          )
          .max(roadLanes.length),
      }),
    )
    .max(50_000),
  journal: z.object({ epoch, startedUs: z.number() }).exactOptional(),
  before: z.enum(["stopped", "program", "machine"]).exactOptional(),
  nowUs: z.number().exactOptional(),
  commitEveryMs: z.number().min(0).exactOptional(),
  overview: z.array(text).max(helloOverviewMax).exactOptional(),
  publicKey: z.string().refine(isPublicKey).exactOptional(),
});

const deviceId = z.custom<DeviceId>((value) => typeof value === "string" && isDeviceId(value));
const tagId = z.custom<TagId>((value) => typeof value === "string" && isTagId(value));

const beat: z.ZodType<Beat> = z.object({
  version: z.literal(1),
  gateway,
  nowUs: z.number(),
  devices: z
    .array(
      z.object({
        device: deviceId,
        name: text,
        protocol: text,
        state: z.enum(["connecting", "live", "down", "refused"]),
        sinceUs: z.number(),
        confirmedUs: z.number(),
        note: text,
        badge: text,
        history: z
          .array(z.tuple([count, count]))
          .max(historyRunsMax)
          .exactOptional(),
      }),
    )
    .max(10_000),
  waitingFrames: count,
  waitingSamples: count,
  oldestWaitingMs: z.number().min(0),
  unexplained: count,
  clock: z.enum(["set", "unset", "unknown"]).exactOptional(),
  // A gateway of 10,000 devices of four intervals each; a longer list is not one of ours.
  proofs: z
    .array(z.object({ device: deviceId, expectedMs: z.number(), provenUs: z.number() }))
    .max(40_000)
    .exactOptional(),
  stale: z.array(tagId).max(staleTagsMax).exactOptional(),
  stopping: z.boolean(),
  fenced: z.literal(true).exactOptional(),
});

const probe: z.ZodType<Probe> = z.object({
  version: z.literal(1),
  gateway,
  probe: z.literal(true),
});
/** A hello has the epochs of a gateway, and is longer. */
const probeBytesMax = 1_000;

/** Whether what came in the place of a hello only asks for an answer. */
export function isProbe(bytes: Uint8Array): boolean {
  return bytes.length <= probeBytesMax && !("kind" in parse(probe, bytes, "probe"));
}

export function parseHello(bytes: Uint8Array): Hello | Refused {
  return parse(hello, bytes, "hello");
}

export function parseBeat(bytes: Uint8Array): Beat | Refused {
  return parse(beat, bytes, "beat");
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T | Refused {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { kind: "refused", reason: `${what} is not JSON` };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return {
    kind: "refused",
    reason: `${what}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not one"}`,
  };
}
