/** Types only: what commands know of tags and of the machines behind them. The joining file brings both. */
import type { Refused } from "@millwright/kit";
import type { Scalar, TagId, WriteOutcome } from "@millwright/wire-contract";

/** One tag that commands write or look at. */
export interface TagTerms {
  readonly tag: TagId;
  /** Dictionary index. */
  readonly index: number;
  readonly name: string;
  readonly asset: string;
  readonly unit: string;
  readonly decimals: number;
  readonly texts: ReadonlyMap<number, string>;
  /** What the device would hold (`normalise/device-terms.ts`). */
  toDevice(shown: Scalar): Scalar | Refused;
  toShown(device: Scalar): Scalar;
  same(one: Scalar, other: Scalar): boolean;
  readonly resolution: number;
}

/** The value of a tag now, if it may be built upon. */
export type Reading =
  | { readonly kind: "good"; readonly value: Scalar }
  /** Stale, bad, uncertain, or not read since the start. */
  | { readonly kind: "unknown"; readonly why: string };

/** How a write gets to its machine. */
export interface MachineDoor {
  /**
   * Never waits for a link that is away: then nothing is sent, and it is refused.
   *
   * @param device the value in device terms
   * @param admit asked once, just before the driver is given the write; a refusal ends it there
   * @param signal takes back what waits for the line; what was sent is `unknown` then
   */
  write(
    tag: TagId,
    device: Scalar,
    admit: () => Refused | undefined,
    signal: AbortSignal,
  ): Promise<WriteOutcome>;
}
