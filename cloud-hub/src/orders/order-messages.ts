/** What a gateway reports and what a person asks becomes a type here. */
import type { Refused } from "@millwright/kit";
import {
  isGatewayId,
  isTagId,
  answerRangesMax,
  orderSources,
  orderStates,
  resolutions,
  tagsPerOrderMax,
  type GatewayId,
  type OrderReport,
  type OrderSource,
  type Resolution,
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

const tag = z.custom<TagId>((value) => typeof value === "string" && isTagId(value), "no tag id");
const count = z.int().min(0);

const report: z.ZodType<OrderReport> = z.object({
  version: z.literal(1),
  gateway: z.custom<GatewayId>((value) => typeof value === "string" && isGatewayId(value)),
  id: count,
  state: z.enum(orderStates),
  resolution: z.enum(resolutions).exactOptional(),
  source: z.enum(orderSources).exactOptional(),
  done: z.number().min(0).max(1),
  samples: count,
  bytes: count,
  note: z.string().max(10_000),
  tags: z
    .array(
      z.object({
        tag,
        samples: count,
        fromUs: z.number(),
        digest: z.string().regex(/^[0-9a-f]{64}$/),
        ranges: z
          .array(z.tuple([z.number(), z.number()]))
          .max(answerRangesMax)
          .exactOptional(),
      }),
    )
    .max(tagsPerOrderMax)
    .exactOptional(),
});

export function parseReport(bytes: Uint8Array): OrderReport | Refused {
  return parsed(report, textOf(bytes), "report");
}

/** What is asked of a gateway, as it comes in the body of a request. */
export interface OrderWish {
  readonly tags: readonly TagId[];
  /** Measured times, µs; `toUs` is excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  /** In which form the answer is wanted. */
  readonly resolution: Resolution;
  /** Whether the devices are asked for what they kept of the range, before the gateway answers. */
  readonly source: OrderSource;
  /** What the answer may bring onto the road, kbit/s. */
  readonly kbitPerS: number;
}

const wish: z.ZodType<OrderWish> = z.strictObject({
  tags: z.array(tag).min(1).max(tagsPerOrderMax),
  fromUs: z.int(),
  toUs: z.int(),
  resolution: z.enum(resolutions).default("samples"),
  source: z.enum(orderSources).default("gateway"),
  // A fifth of a usual uplink of a plant; on a metered link the settings of the gateway hold it lower still.
  kbitPerS: z.number().min(8).max(1_000_000).default(4_000),
});

export function parseWish(body: string): OrderWish | Refused {
  const read = parsed(wish, body, "order");
  if ("kind" in read) return read;
  if (read.fromUs >= read.toUs)
    return { kind: "refused", reason: "order: fromUs is not before toUs" };
  return { ...read, tags: [...new Set(read.tags)] };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function parsed<T>(schema: z.ZodType<T>, text: string, what: string): T | Refused {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "refused", reason: `${what} is not JSON` };
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join(".") ?? "";
  return { kind: "refused", reason: `${what}: ${where}: ${issue?.message ?? "is not one"}` };
}
