import type { Telling } from "@millwright/wire-contract";

/** A told sample, as far as it bears on what lies after it. */
export interface ToldSample {
  readonly measuredUs: number;
  /** A 64-bit integer as it is; NaN for what never lies on a line: text and bytes. */
  readonly value: number | bigint;
  readonly status: number;
}

/** What a tag read at a moment between two told samples. `error`: no acquired sample there was further away. */
export interface Reconstructed {
  /** A 64-bit integer where the told ones are. */
  readonly value: number | bigint;
  readonly status: number;
  /** In the unit of the tag; 0 where the value is exact. Rounding of the interpolation comes on top (1 part in 10^15). */
  readonly error: number;
}

/**
 * What was acquired at `us`, from the two told samples around it.
 *
 * @param before the last sample told at or before `us`
 * @param after the first one told later; absent when nothing was told since
 * @returns `undefined` where nothing can be said: a door that is still open states its line only with the next sample
 */
export function reconstruct(
  telling: Telling | undefined,
  before: ToldSample,
  after: ToldSample | undefined,
  us: number,
): Reconstructed | undefined {
  const { value, status, measuredUs } = before;
  if (us === measuredUs) return { value, status, error: 0 };
  // All was told, so nothing was acquired here.
  if (telling === undefined || telling.rule === "full") return undefined;
  const isLine = telling.rule === "swinging-door" && isNumber(value) && status >>> 30 < 2;
  if (!isLine) return { value, status, error: telling.rule === "dead-band" ? telling.error : 0 };
  if (after === undefined || after.measuredUs <= us) return undefined;
  // A line ends where the status changes or numbers end, so nothing was acquired between these two.
  if (after.status !== status) return undefined;
  const share = (us - measuredUs) / (after.measuredUs - measuredUs);
  const { error } = telling;
  if (typeof value === "bigint") {
    if (typeof after.value !== "bigint") return undefined;
    // What was acquired is whole, and so is the answer.
    const whole = value + BigInt(Math.round(Number(after.value - value) * share));
    return { value: whole, status, error: Math.max(error, Math.floor(error + 0.5)) };
  }
  if (typeof after.value === "bigint" || !Number.isFinite(after.value)) return undefined;
  return { value: value + (after.value - value) * share, status, error };
}

function isNumber(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isFinite(value);
}
