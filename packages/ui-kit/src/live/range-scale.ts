/** Where the pointer and the normal band stand on an indicator. */
import type { LiveTag } from "@millwright/wire-contract";

export interface RangeScale {
  /** Ends of the track. */
  readonly from: number;
  readonly to: number;
  /** The normal band, as shares of the track from its start, 0 to 1. */
  readonly bandFrom: number;
  readonly bandTo: number;
}

/**
 * The track shows the normal range in its middle half, so every healthy indicator looks alike and the eye finds the
 * one that does not. With one limit only, the band reaches to the end of the track. None without a limit.
 */
export function scaleOf(tag: Pick<LiveTag, "low" | "high">): RangeScale | undefined {
  const { low, high } = tag;
  if (low !== null && high !== null) {
    const span = high - low || Math.abs(high) || 1;
    return { from: low - span / 2, to: high + span / 2, bandFrom: 0.25, bandTo: 0.75 };
  }
  if (high !== null) {
    const span = Math.abs(high) || 1;
    return { from: high - span, to: high + span / 3, bandFrom: 0, bandTo: 0.75 };
  }
  if (low !== null) {
    const span = Math.abs(low) || 1;
    return { from: low - span / 3, to: low + span, bandFrom: 0.25, bandTo: 1 };
  }
  return undefined;
}

/** Share of the track, and whether the value lies beyond one of its ends. */
export function pointerAt(
  scale: RangeScale,
  value: number,
): { readonly share: number; readonly beyond: "" | "low" | "high" } {
  const share = (value - scale.from) / (scale.to - scale.from);
  if (share < 0) return { share: 0, beyond: "low" };
  if (share > 1) return { share: 1, beyond: "high" };
  return { share, beyond: "" };
}
