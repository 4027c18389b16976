/** Orders for people and programs: repairs of the past, recordings of a time to come, and what the ledger says. */
import { isBodyWithin } from "@millwright/live-feed";
import type { Context, Hono } from "hono";

import type { OrderBoard, OrderKind } from "../order-views.ts";
import { csvHeaders, streamOf } from "./csv-stream.ts";
import { parseWish } from "./order-wish.ts";

/** A list of 200 tags with long names. */
const bodyBytesMax = 100_000;

const kinds: readonly { readonly path: string; readonly kind: OrderKind }[] = [
  { path: "repairs", kind: "repair" },
  { path: "recordings", kind: "recording" },
];

export function addOrderRoutes(app: Hono, board: () => OrderBoard): void {
  for (const { path, kind } of kinds) {
    const base = `/api/gateways/:gateway/${path}`;
    app.get(base, async (context) => context.json(await board().list(gatewayOf(context), kind)));
    app.post(base, async (context) => {
      // A form of another site can send anything but this without being asked (CORS).
      if (!(context.req.header("content-type") ?? "").startsWith("application/json")) {
        return context.text("the body is JSON, and its Content-Type says so", 415);
      }
      if (!isBodyWithin(context, bodyBytesMax)) {
        const words = `an order has at most ${bodyBytesMax} bytes, and its Content-Length says how many`;
        return context.text(words, 413);
      }
      const wish = parseWish(await context.req.text());
      if ("kind" in wish) return context.text(wish.reason, 400);
      const asked = await board().ask(gatewayOf(context), kind, wish);
      return "reason" in asked ? context.text(asked.reason, 409) : context.json(asked, 201);
    });
    app.delete(`${base}/:id`, async (context) => {
      const id = Number(context.req.param("id"));
      const ended =
        Number.isSafeInteger(id) && (await board().cancel(gatewayOf(context), kind, id));
      return ended
        ? context.body(null, 204)
        : context.text("there is no such order to cancel", 404);
    });
  }
  app.get("/api/gateways/:gateway/ledger", async (context) => {
    const range = rangeOf(context);
    if (range === undefined) return context.text(noRange, 400);
    const tag = context.req.query("tag") ?? "";
    const { fromUs, toUs } = range;
    return context.json(await board().ledger(gatewayOf(context), tag, fromUs, toUs));
  });
  app.get("/api/gateways/:gateway/ledger.csv", (context) => {
    const range = rangeOf(context);
    if (range === undefined) return context.text(noRange, 400);
    const lines = board().ledgerCsv(gatewayOf(context), range.fromUs, range.toUs);
    return context.body(streamOf(lines), 200, csvHeaders("ledger.csv"));
  });
}

const noRange = "from and to are µs since 1970, from before to";

function rangeOf(context: Context): { readonly fromUs: number; readonly toUs: number } | undefined {
  const [fromUs, toUs] = [Number(context.req.query("from")), Number(context.req.query("to"))];
  return Number.isFinite(fromUs) && Number.isFinite(toUs) && fromUs < toUs
    ? { fromUs, toUs }
    : undefined;
}

function gatewayOf(context: Context): string {
  return context.req.param("gateway") ?? "";
}
