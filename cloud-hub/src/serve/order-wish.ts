import type { Refused } from "@millwright/kit";
import {
  isTagId,
  orderSources,
  resolutions,
  tagsPerOrderMax,
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

import type { OrderWish } from "../order-views.ts";
import { parseJson } from "../parse-json.ts";

const tag = z.custom<TagId>((value) => typeof value === "string" && isTagId(value), "no tag id");

const wish: z.ZodType<OrderWish> = z.strictObject({
  tags: z.array(tag).min(1).max(tagsPerOrderMax),
  fromUs: z.int(),
  toUs: z.int(),
  resolution: z.enum(resolutions).default("samples"),
  source: z.enum(orderSources).default("gateway"),
  // A fifth of a usual uplink of a plant; on a metered link the settings of the gateway hold it lower still.
  kbitPerS: z.number().min(8).max(1_000_000).default(4_000),
});

/** What is asked of a gateway becomes a type here. @param body of the request */
export function parseWish(body: string): OrderWish | Refused {
  const read = parseJson(wish, body, "order");
  if ("kind" in read) return read;
  if (read.fromUs >= read.toUs)
    return { kind: "refused", reason: "order: fromUs is not before toUs" };
  return { ...read, tags: [...new Set(read.tags)] };
}
