/**
 * How finely an instrument reports a quantity. Nothing in a plant measures the 52 bits of a double: a meter, a drive or a
 * fieldbus sensor sends a number of a few digits, and an analogue input card counts steps of its span.
 */
export type Resolution =
  /** A digital instrument: so many digits after the decimal point, in the unit of the point. */
  | { readonly digits: number }
  /**
   * 4–20 mA into an analogue input of a controller, which scales its counts over the span to a 32-bit float. 27,648 counts
   * are what the widespread cards of 16 bits give over their nominal range.
   */
  | { readonly counts: number; readonly from: number; readonly to: number };

/** An analogue input over this span, in the unit of the point. */
export function analogue(from: number, to: number): Resolution {
  return { counts: 27_648, from, to };
}

/** What the instrument says when the quantity is `value`. */
export function reported(value: number, resolution: Resolution): number {
  if ("digits" in resolution) {
    const power = 10 ** resolution.digits;
    return Math.round(value * power) / power;
  }
  const { counts, from, to } = resolution;
  const count = Math.round(((value - from) / (to - from)) * counts);
  return Math.fround((count / counts) * (to - from) + from);
}
