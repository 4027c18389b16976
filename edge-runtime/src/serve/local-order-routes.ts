/** What the page asks of devices' own past: where one may fill a hole, and what people have had read. */
import { isTagId, type TagId } from "@millwright/wire-contract";
import * as z from "zod";

import type { LocalOrderDesk, PageRoute } from "../hand-over.ts";
import type { LocalOffersAnswer, LocalOrdersAnswer } from "./page-answers.ts";
import { wrongWith } from "./wrong-body.ts";

/** As many as a chart shows. */
const tagsMax = 8;

/**
 * GET /api/local-orders says what was ordered, GET /api/local-orders/offers?tags=["pump-1/current"]&from=...&to=... what may be (the
 * tags as JSON, because an id may hold any mark). POST /api/local-orders/read with tags, fromUs and toUs begins one, and POST
 * /api/local-orders/cancel with its id ends it.
 */
export function localOrderRoutes(desk: LocalOrderDesk): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/local-orders",
      look: () => ({ json: { orders: desk.orders() } satisfies LocalOrdersAnswer }),
    },
    {
      kind: "look",
      path: "/api/local-orders/offers",
      async look({ query, signal }) {
        const asked = rangeBody.safeParse({
          tags: tagsOf(query["tags"] ?? ""),
          fromUs: Number(query["from"] ?? NaN),
          toUs: Number(query["to"] ?? NaN),
        });
        if (!asked.success) return { status: 400, json: { reason: wrongWith(asked.error) } };
        const offers = await desk.offers(asked.data, signal);
        return { json: { offers } satisfies LocalOffersAnswer };
      },
    },
    {
      kind: "act",
      path: "/api/local-orders/read",
      role: "technician",
      act({ person, body }) {
        const asked = rangeBody.safeParse(body);
        if (!asked.success) {
          const json = { reason: wrongWith(asked.error) };
          return Promise.resolve({ status: 400, json, audit: undefined });
        }
        const { tags, fromUs, toUs } = asked.data;
        const about = {
          ...{ act: "history.order", object: tags.join(", ") },
          after: `${timeWords(fromUs)} to ${timeWords(toUs)}`,
        } as const;
        const order = desk.order(asked.data, person);
        if ("kind" in order) {
          const why = order.reason;
          const audit = { ...about, result: "refused", why } as const;
          return Promise.resolve({ status: 409, json: { reason: why }, audit });
        }
        return Promise.resolve({ json: { order }, audit: { ...about, result: "done" } });
      },
    },
    {
      kind: "act",
      path: "/api/local-orders/cancel",
      role: "technician",
      act({ body }) {
        const asked = cancelBody.safeParse(body);
        if (!asked.success) {
          const json = { reason: wrongWith(asked.error) };
          return Promise.resolve({ status: 400, json, audit: undefined });
        }
        const { id } = asked.data;
        const about = { act: "history.cancel", object: `order ${id}` } as const;
        if (!desk.cancel(id)) {
          const why = "it is over";
          const audit = { ...about, result: "refused", why } as const;
          return Promise.resolve({ status: 409, json: { reason: why }, audit });
        }
        return Promise.resolve({ json: {}, audit: { ...about, result: "done" } });
      },
    },
  ];
}

const rangeBody = z
  .strictObject({
    tags: z
      .array(z.custom<TagId>((text) => typeof text === "string" && isTagId(text), "no id of a tag"))
      .min(1)
      .max(tagsMax),
    fromUs: z.number(),
    toUs: z.number(),
  })
  .refine(({ fromUs, toUs }) => fromUs < toUs, "the time ends before it begins");

const cancelBody = z.strictObject({ id: z.int() });

function tagsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** ISO 8601, UTC: the book is read in other places, too. */
function timeWords(us: number): string {
  return new Date(us / 1_000).toISOString();
}
