/** Steps of a counter (field practice 53). */
export interface CounterStep<T> {
  readonly kind: "counted" | "rolled-over" | "reset";
  readonly delta: T;
}

/**
 * What was counted between two good readings. A reading below the one before went over its end, when what was then
 * counted is less than half the range: a device is read far more often than it goes round. Else it began anew at 0, and
 * has counted at least what it says.
 *
 * @param modulus the reading after the greatest is 0; Infinity when there is no end
 */
export function counterStep(before: number, now: number, modulus: number): CounterStep<number> {
  if (now >= before) return { kind: "counted", delta: now - before };
  const rolled = now - before + modulus;
  if (rolled >= 0 && rolled < modulus / 2) return { kind: "rolled-over", delta: rolled };
  return { kind: "reset", delta: Math.max(0, now) };
}

/** The same for 64-bit integers, exactly. @param modulus undefined when there is no end */
export function counterStepBig(
  before: bigint,
  now: bigint,
  modulus: bigint | undefined,
): CounterStep<bigint> {
  if (now >= before) return { kind: "counted", delta: now - before };
  if (modulus !== undefined) {
    const rolled = now - before + modulus;
    if (rolled >= 0n && rolled < modulus / 2n) return { kind: "rolled-over", delta: rolled };
  }
  return { kind: "reset", delta: now > 0n ? now : 0n };
}
