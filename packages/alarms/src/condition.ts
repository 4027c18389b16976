/** When a condition begins and ends to count: dead-band against noise, delays against what passes by itself. Pure, and without objects. */

export type LimitSide = "above" | "below";

/**
 * A value that has gone beyond its limit is back only once it is back by the dead-band.
 *
 * @param held whether it was beyond before
 */
export function isBeyond(
  side: LimitSide,
  limit: number,
  deadBand: number,
  value: number,
  held: boolean,
): boolean {
  if (side === "above") return held ? value > limit - deadBand : value > limit;
  return held ? value < limit + deadBand : value < limit;
}

/**
 * Whether a condition counts, given since when it is as it is.
 *
 * @param raw what the values say now
 * @param sinceMs since when they say it, monotonic
 * @param counted what counted before
 */
export function countsAfter(
  raw: boolean,
  sinceMs: number,
  counted: boolean,
  onDelayMs: number,
  offDelayMs: number,
  nowMs: number,
): boolean {
  if (raw === counted) return counted;
  return nowMs - sinceMs >= (raw ? onDelayMs : offDelayMs) ? raw : counted;
}

/** When `countsAfter` will answer otherwise without a new value; Infinity for never. */
export function countsAtMs(
  raw: boolean,
  sinceMs: number,
  counted: boolean,
  onDelayMs: number,
  offDelayMs: number,
): number {
  return raw === counted ? Infinity : sinceMs + (raw ? onDelayMs : offDelayMs);
}
