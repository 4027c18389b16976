import type { Refused } from "@millwright/kit";
import {
  acknowledgementsMax,
  isTagId,
  orderSources,
  ordersMax,
  resolutions,
  tagsPerOrderMax,
  type AskedAcknowledgement,
  type GatewayId,
  type OrderReport,
  type OrdersMessage,
  type TagId,
} from "@millwright/wire-contract";
import * as z from "zod";

import type { HeldOrder } from "../hand-over.ts";

/** What the hub orders becomes a type here, and how far it has come a message. */

const order = z
  .object({
    id: z.int().min(1),
    kind: z.enum(["repair", "recording"]),
    tags: z
      .array(z.custom<TagId>((value) => typeof value === "string" && isTagId(value)))
      .min(1)
      .max(tagsPerOrderMax),
    fromUs: z.int(),
    toUs: z.int(),
    resolution: z.enum(resolutions).exactOptional(),
    source: z.enum(orderSources).exactOptional(),
    bytesPerSMax: z.number().positive(),
    mayAnswer: z.boolean(),
  })
  .refine(({ fromUs, toUs }) => fromUs < toUs, "fromUs is before toUs")
  .refine(
    ({ source, kind, resolution }) =>
      source !== "device" || (kind === "repair" && (resolution ?? "samples") === "samples"),
    "what a device keeps is brought as a repair of samples",
  );
const acknowledgement: z.ZodType<AskedAcknowledgement> = z.object({
  id: z.int().min(1),
  alarm: z.string().min(1).max(128),
  raisedUs: z.number(),
  // A name, and not what somebody pastes.
  person: z.string().min(1).max(100),
  atUs: z.int(),
});
const ordersMessage: z.ZodType<OrdersMessage> = z.object({
  version: z.literal(1),
  generation: z.number(),
  orders: z.array(order).max(ordersMax),
  acknowledgements: z.array(acknowledgement).max(acknowledgementsMax).exactOptional(),
});

export function parseOrders(bytes: Uint8Array): OrdersMessage | Refused {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { kind: "refused", reason: "orders are not JSON" };
  }
  const parsed = ordersMessage.safeParse(json);
  if (parsed.success) return parsed.data;
  return { kind: "refused", reason: `orders: ${z.prettifyError(parsed.error)}` };
}

/** @param answersUs end of what is answered from what is kept */
export function reportOf(
  gateway: GatewayId,
  { order: { id, fromUs, toUs, tags, resolution, source }, progress }: HeldOrder,
  answersUs: number,
  nowUs: number,
): OrderReport {
  const { state, samples, bytes, note } = progress;
  return {
    version: 1,
    gateway,
    id,
    state,
    ...(resolution === undefined ? {} : { resolution }),
    ...(source === undefined ? {} : { source }),
    done: doneOf(),
    samples,
    bytes,
    note,
    ...(progress.tags === undefined ? {} : { tags: progress.tags }),
  };

  function doneOf(): number {
    switch (state) {
      case "waiting":
      case "ready":
      case "refused":
        return 0;
      // To read and to bring are half of the work each.
      case "fetching":
        return walked() / 2;
      case "answering":
        return source === "device" ? (1 + walked()) / 2 : walked();
      case "recording":
        return part((nowUs - fromUs) / (toUs - fromUs));
      case "storing":
      case "comparing":
      case "answered":
        return 1;
    }
  }

  function walked(): number {
    const ofTags = (progress.atUs - fromUs) / Math.max(1, answersUs - fromUs);
    return part((progress.tag + ofTags) / tags.length);
  }
}

function part(of: number): number {
  return Math.min(1, Math.max(0, of));
}
