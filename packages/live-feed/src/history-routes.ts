/** What both servers answer about the past of tags: lines for a chart, and the gaps in them with their reasons. */
import type { LedgerEntry } from "@millwright/wire-contract";
import { encodeHistory, toGaps, type HistoryLine } from "@millwright/wire-contract/history";
import type { Context, Hono } from "hono";

import { rangeOfQuery, type TimeRange } from "./time-of-query.ts";

/** Where one request finds its answers: the gateway itself, or one of the hub's. */
export interface HistorySource {
  /**
   * In the order of `tags`; undefined when one of them is not there.
   * @param signal aborts when nobody waits for the answer any more
   */
  lines(
    tags: readonly string[],
    range: TimeRange,
    signal: AbortSignal,
  ): Promise<readonly HistoryLine[] | undefined>;
  gaps(tag: string, fromUs: number, toUs: number): Promise<readonly LedgerEntry[]>;
}

/** As many as a chart has pens. */
const tagsMax = 8;

/**
 * `GET base/history` for one or several `tag`, `from`, `to` and `columns` of the address, answered as `encodeHistory`
 * writes it, and `GET base/gaps` for one `tag`, `from` and `to`.
 */
export function addHistoryRoutes(
  app: Hono,
  base: string,
  sourceOf: (context: Context) => HistorySource,
): void {
  app.get(`${base}/history`, async (context) => {
    const range = rangeOfQuery(context);
    if (typeof range === "string") return context.text(range, 400);
    const tags = context.req.queries("tag") ?? [];
    if (tags.length === 0 || tags.length > tagsMax) {
      return context.text(`tag is to be named once to ${tagsMax} times`, 400);
    }
    const { signal } = context.req.raw;
    let lines: readonly HistoryLine[] | undefined;
    try {
      lines = await sourceOf(context).lines(tags, range, signal);
    } catch (failure) {
      // A chart that was moved on asks anew; nobody reads this answer.
      if (signal.aborted) return context.body(null, 408);
      throw failure;
    }
    if (lines === undefined) return context.text("this gateway has no such tag", 404);
    return context.body(encodeHistory(lines), 200, { "Content-Type": "application/octet-stream" });
  });
  app.get(`${base}/gaps`, async (context) => {
    const range = rangeOfQuery(context);
    if (typeof range === "string") return context.text(range, 400);
    const tag = context.req.query("tag") ?? "";
    const entries = await sourceOf(context).gaps(tag, range.fromUs, range.toUs);
    return context.json(toGaps(entries));
  });
}
