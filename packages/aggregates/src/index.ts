export { bucketStart, widths, type WidthUs } from "./width.ts";
export type { Buckets, ExactBucket, StateTimes } from "./buckets.ts";
export { makeColumns, type BucketColumns } from "./columns.ts";
export { ruleOf, type RollupRule } from "./rule.ts";
export { noCarry, type Carry, type HeldSample } from "./carry.ts";
export { carryAfter } from "./carry-after.ts";
export { interruptsHold, isFilled, type Gap } from "./gap.ts";
export { inTime, type Series } from "./series.ts";
export { rollUp, type Rollup, type RollupInput } from "./roll-up.ts";
export { mergeBuckets } from "./merge.ts";
export { deviationAt } from "./deviation.ts";
export { sumTolerance } from "./rounding.ts";
export {
  decodeFiner,
  decodeHour,
  decodeHourHead,
  encodeFiner,
  encodeHour,
  encodeHourHead,
  type HourRollup,
} from "./codec/hour-codec.ts";
export { joinBuckets } from "./join.ts";
export type { DeviceScale } from "./codec/forms.ts";
export {
  decodeTold,
  encodeTold,
  toldSpan,
  type ToldBuckets,
  type ToldWidth,
} from "./codec/told-codec.ts";
export { BucketDigest } from "./bucket-digest.ts";
