import type { SampleColumns } from "@millwright/wire-contract";

import type { Buckets } from "./buckets.ts";
import type { Carry } from "./carry.ts";
import type { Gap } from "./gap.ts";
import type { RollupRule } from "./rule.ts";
import type { WidthUs } from "./width.ts";

/** Samples of one tag. */
export type Series = Omit<SampleColumns, "tag">;

export interface RollupInput {
  readonly rule: RollupRule;
  /** Sorted by measured time; equal times in the order of receipt. All within `fromUs` .. `toUs`, `toUs` excluded. */
  readonly samples: Series;
  /** As it was at `fromUs`. */
  readonly before: Carry;
  /** Those that touch the range, in any order. */
  readonly gaps: readonly Gap[];
  readonly widthUs: WidthUs;
  /** Multiples of the width. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Nothing is known beyond: no value holds longer. At or above `toUs` when the range is over. */
  readonly knownToUs: number;
}

export interface Rollup {
  readonly buckets: Buckets;
  /** For the range that begins at `toUs`. */
  readonly after: Carry;
}
