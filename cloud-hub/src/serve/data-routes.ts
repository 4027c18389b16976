/** History for programs: buckets as JSON, and samples as a Parquet file. */
import { Fault, type Clock } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";
import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";
import { streamExport } from "./export-stream.ts";

/** As many tags as a person names; an address is no longer than 8 kB with most proxies. */
const tagsMax = 500;

/** An export takes seconds to minutes. */
const busyRetryS = 60;

export function addDataRoutes(
  app: Hono,
  views: Pick<HubViews, "aggregates" | "exportHistory">,
  clock: Clock,
): void {
  app.get("/api/gateways/:gateway/aggregates", async (context) => {
    const range = rangeOf(context.req.query("from"), context.req.query("to"));
    if (typeof range === "string") return context.text(range, 400);
    const width = context.req.query("width") ?? "1m";
    if (width !== "1m" && width !== "1h") return context.text("width is 1m or 1h", 400);
    const buckets = await views.aggregates(
      context.req.param("gateway"),
      context.req.query("tag") ?? "",
      range.fromUs,
      range.toUs,
      width,
    );
    return context.json(buckets);
  });

  app.get("/api/history/export", async (context) => {
    const range = rangeOf(context.req.query("from"), context.req.query("to"));
    if (typeof range === "string") return context.text(range, 400);
    const gateway = context.req.query("gateway") ?? "";
    const tags = (context.req.query("tags") ?? "").split(",").filter((tag) => tag !== "");
    if (gateway === "" || tags.length === 0 || tags.length > tagsMax)
      return context.text(`gateway and 1 to ${tagsMax} tags, with commas between them`, 400);
    const { signal } = context.req.raw;
    const order = { gateway: gateway as GatewayId, tags, ...range };
    try {
      const made = await views.exportHistory(order, signal);
      if (made.kind === "refused")
        return made.why === "busy"
          ? context.text(made.reason, 429, { "Retry-After": String(busyRetryS) })
          : context.text(made.reason, 507);
      // How long it is shows when it ends: it comes in pieces, and breaks off where it cannot go on.
      return context.body(streamExport(made, clock), 200, {
        "Content-Type": "application/vnd.apache.parquet",
        "Content-Disposition": `attachment; filename="${gateway}.parquet"`,
      });
    } catch (failure) {
      // Nobody waits for an answer.
      if (signal.aborted) return context.body(null, 408);
      if (!(failure instanceof Fault)) throw failure;
      return context.text(`${failure.message}. ${failure.hint}`, 503);
    }
  });
}

/** Times in µs, or in words what is wrong with them. */
function rangeOf(
  from: string | undefined,
  to: string | undefined,
): { readonly fromUs: number; readonly toUs: number } | string {
  const [fromUs, toUs] = [Number(from), Number(to)];
  if (!Number.isSafeInteger(fromUs) || !Number.isSafeInteger(toUs) || fromUs >= toUs)
    return "from and to are whole µs since 1970, from before to";
  return { fromUs, toUs };
}
