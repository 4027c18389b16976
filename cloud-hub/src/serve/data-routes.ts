/** History for programs: buckets as JSON, and samples as a Parquet file. */
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";

import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";

/** As many tags as a person names; an address is no longer than 8 kB with most proxies. */
const tagsMax = 500;

export function addDataRoutes(
  app: Hono,
  views: Pick<HubViews, "aggregates" | "exportHistory">,
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
    const path = await views.exportHistory(gateway, tags, range.fromUs, range.toUs);
    const file = createReadStream(path);
    // The open file is still read when its name is gone.
    file.once("open", () => void rm(path, { force: true }));
    const { size } = await stat(path);
    return context.body(Readable.toWeb(file) as ReadableStream, 200, {
      "Content-Type": "application/vnd.apache.parquet",
      "Content-Length": String(size),
      "Content-Disposition": `attachment; filename="${gateway}.parquet"`,
    });
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
