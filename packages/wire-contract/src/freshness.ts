/** Below this, jitter of a poll or of the network would make a healthy value blink. */
const staleAtLeastMs = 5_000;
/** A proof may be missed twice before the third is counted as missing. */
const proofsMissed = 3;

/** A value is stale when its last proof is older. @param expectedMs longest time between two proofs, in health */
export function staleAfterMs(expectedMs: number): number {
  return Math.max(staleAtLeastMs, proofsMissed * expectedMs);
}
