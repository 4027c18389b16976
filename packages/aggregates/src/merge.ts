import assert from "node:assert/strict";

import { BucketWriter } from "./bucket-writer.ts";
import type { Buckets } from "./buckets.ts";
import type { RollupRule } from "./rule.ts";
import { bucketStart, type WidthUs } from "./width.ts";

/**
 * Wider buckets from finer ones of the same tag: those of an hour from those of its minutes. The outcome is the one that
 * `rollUp` gives for the wider width, but for the last digits of sums (`sumTolerance`).
 */
export function mergeBuckets(finer: Buckets, widthUs: WidthUs, rule: RollupRule): Buckets {
  assert(widthUs % finer.widthUs === 0, "a wider bucket holds whole finer ones");
  const writer = new BucketWriter(rule, widthUs);
  const { states } = finer;
  let state = 0;
  for (let row = 0; row < finer.count; row++) {
    writer.begin(bucketStart(finer.startUs[row] ?? NaN, widthUs));
    writer.addBucket(finer, row);
    if (states === undefined) continue;
    for (; state < states.count && states.bucket[state] === row; state++) {
      writer.addState(states.keys[states.key[state] ?? 0] ?? 0, states.us[state] ?? 0);
    }
  }
  return writer.finish();
}
