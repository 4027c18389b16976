import { chartColumnsMax } from "@millwright/wire-contract/history";
import type { Context } from "hono";

export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
  /** Columns of the chart that asks. */
  readonly columns: number;
}

/** `from` and `to` of an address. @returns µs, or what is wrong with them, for who asked */
export function timeOfQuery(context: Context): Omit<TimeRange, "columns"> | string {
  const fromUs = Number(context.req.query("from"));
  const toUs = Number(context.req.query("to"));
  return Number.isFinite(fromUs) && Number.isFinite(toUs) && fromUs < toUs
    ? { fromUs, toUs }
    : "from and to must be times in µs since 1970 UTC, from before to";
}

/** The same with `columns`, which may be left out. */
export function rangeOfQuery(context: Context): TimeRange | string {
  const time = timeOfQuery(context);
  if (typeof time === "string") return time;
  const columns = Number(context.req.query("columns") ?? 1_200);
  if (!Number.isInteger(columns) || columns < 1 || columns > chartColumnsMax) {
    return `columns must be a whole number from 1 to ${chartColumnsMax}`;
  }
  return { ...time, columns };
}
