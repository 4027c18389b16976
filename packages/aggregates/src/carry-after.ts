import type { Scalar, StatusCode } from "@millwright/wire-contract";

import type { Carry, HeldSample } from "./carry.ts";
import type { Series } from "./series.ts";

/** What is held after these samples, which are sorted by time. */
export function carryAfter(samples: Series, before: Carry): Carry {
  let { held, good } = before;
  const last = samples.count - 1;
  if (last >= 0) held = sampleAt(samples, last);
  for (let row = last; row >= 0; row--) {
    const sample = sampleAt(samples, row);
    if (!isGood(sample.status, sample.value, sample.scalar)) continue;
    good = sample;
    break;
  }
  return {
    ...(held === undefined ? {} : { held }),
    ...(good === undefined ? {} : { good }),
  };
}

export function isGood(status: StatusCode, value: number, scalar: Scalar | undefined): boolean {
  // Severity "good", without its name: this is asked of each sample.
  return status >>> 30 === 0 && (scalar !== undefined || Number.isFinite(value));
}

/** The nearest double; NaN for text and bytes. */
export function doubleOf(scalar: Scalar): number {
  return typeof scalar === "string" || scalar instanceof Uint8Array ? NaN : Number(scalar);
}

function sampleAt({ measuredUs, value, status, wide }: Series, row: number): HeldSample {
  const scalar = wide?.get(row);
  return {
    us: measuredUs[row] ?? NaN,
    value: scalar === undefined ? (value[row] ?? NaN) : doubleOf(scalar),
    status: status[row] ?? 0,
    ...(scalar === undefined ? {} : { scalar }),
  };
}
