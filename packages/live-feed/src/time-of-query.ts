import type { Context } from "hono";

/** `from` and `to` of an address. @returns µs, or what is wrong with them, for who asked */
export function timeOfQuery(
  context: Context,
): { readonly fromUs: number; readonly toUs: number } | string {
  const fromUs = Number(context.req.query("from"));
  const toUs = Number(context.req.query("to"));
  return Number.isFinite(fromUs) && Number.isFinite(toUs) && fromUs < toUs
    ? { fromUs, toUs }
    : "from and to must be times in µs since 1970 UTC, from before to";
}
