/** What a gateway reports of an order becomes a type here. */
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
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

import { parseJson } from "../parse-json.ts";

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
  return parseJson(report, new TextDecoder().decode(bytes), "report");
}
