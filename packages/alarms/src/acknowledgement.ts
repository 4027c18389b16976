/**
 * Acknowledgements from two sides, the gateway and the hub, become one without a conflict: joining them is commutative,
 * associative and idempotent, so that it does not matter which came first, or how often. The gateway owns the alarm, and
 * what it has joined is what holds.
 */
export interface Acknowledgement {
  /** The occurrence it is about. */
  readonly raisedUs: number;
  readonly person: string;
  /** When the person did it, µs, by the clock of the side that was used. */
  readonly atUs: number;
  readonly at: "gateway" | "hub";
}

/** Of a newer occurrence before that of an older one; of one occurrence the first. */
export function joinAcknowledgements(
  a: Acknowledgement | undefined,
  b: Acknowledgement | undefined,
): Acknowledgement | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return compare(a, b) <= 0 ? a : b;
}

/** A total order: two that are equal in it are the same. */
function compare(a: Acknowledgement, b: Acknowledgement): number {
  if (a.raisedUs !== b.raisedUs) return b.raisedUs - a.raisedUs;
  if (a.atUs !== b.atUs) return a.atUs - b.atUs;
  if (a.at !== b.at) return a.at === "gateway" ? -1 : 1;
  return a.person < b.person ? -1 : a.person > b.person ? 1 : 0;
}
