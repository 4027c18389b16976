/** What both servers answer about the past of one tag: a line for a chart, and the gaps in it with their reasons. */
import type { LedgerEntry } from "@millwright/wire-contract";
import type { Context, Hono } from "hono";

export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
  /** Pixel columns of the chart: the answer has at most two points for each. */
  readonly columns: number;
}

/** Where one request finds its answers: the gateway itself, or one of the hub's. */
export interface HistorySource {
  /** Times in µs, NaN where the line breaks; undefined when there is no such tag. */
  line(
    tag: string,
    range: TimeRange,
  ): Promise<{ readonly times: Float64Array; readonly values: Float64Array } | undefined>;
  gaps(tag: string, fromUs: number, toUs: number): Promise<readonly LedgerEntry[]>;
}

/** `GET base/history` and `GET base/gaps`, each for `tag`, `from`, `to` and `columns` of the address. */
export function addHistoryRoutes(
  app: Hono,
  base: string,
  sourceOf: (context: Context) => HistorySource,
): void {
  app.get(`${base}/history`, async (context) => {
    const range = parseRange(context);
    if (typeof range === "string") return context.text(range, 400);
    const line = await sourceOf(context).line(context.req.query("tag") ?? "", range);
    if (line === undefined) return context.text("this gateway has no such tag", 404);
    return context.body(historyBody(line.times, line.values), 200, {
      "Content-Type": "application/octet-stream",
    });
  });
  app.get(`${base}/gaps`, async (context) => {
    const range = parseRange(context);
    if (typeof range === "string") return context.text(range, 400);
    const tag = context.req.query("tag") ?? "";
    const entries = await sourceOf(context).gaps(tag, range.fromUs, range.toUs);
    return context.json(
      entries.map(({ reason, fromUs, toUs, count }) => ({ reason, fromUs, toUs, count })),
    );
  });
}

/** The body of a history answer: n times in µs, then n values, little endian; NaN is a gap. */
function historyBody(times: Float64Array, values: Float64Array): ArrayBuffer {
  const body = new Float64Array(times.length + values.length);
  body.set(times, 0);
  body.set(values, times.length);
  return body.buffer;
}

/**
 * A range of time in the address: `from` and `to` in µs, `columns` 1 to 4,096 (the widest screens; more could not be
 * seen). An answer in words when it cannot be understood.
 */
function parseRange(context: Context): TimeRange | string {
  const fromUs = Number(context.req.query("from"));
  const toUs = Number(context.req.query("to"));
  const columns = Number(context.req.query("columns") ?? 1_200);
  if (!Number.isFinite(fromUs) || !Number.isFinite(toUs) || fromUs >= toUs) {
    return "from and to must be times in µs since 1970 UTC, from before to";
  }
  if (!Number.isInteger(columns) || columns < 1 || columns > 4_096) {
    return "columns must be a whole number from 1 to 4096";
  }
  return { fromUs, toUs, columns };
}
