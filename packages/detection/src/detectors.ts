import { modifiedZLimit } from "./median-mad.ts";

/** What is judged of each learnt tag, once a second. Places in the columns of `Baselines`, and so in what is saved. */
export const detectors = ["value", "mean", "level", "shift", "spread", "flat"] as const;
export type DetectorName = (typeof detectors)[number];
export const detectorCount: number = detectors.length;

/** Places of the detectors. */
export const at = { value: 0, mean: 1, level: 2, shift: 3, spread: 4, flat: 5 } as const;

/** Memory of the fast mean: longer than chance of one sample, shorter than a person waits. */
export const fastS = 30;
/** Memory of the slow mean: cycles of a machine, which take seconds to minutes, average out of it. */
export const slowS = 600;
/** Memory of the spread about the fast mean. */
export const spreadS = 300;
/** What a cumulative sum needs beyond: seven tenths of the limit for the slow mean is still normal, however long. */
export const shiftSlack = 0.7;
/** One step of the table is a minute. */
export const shiftStepS = 60;

/** After so long two scores of the detector know nothing of each other: twice its memory (s). */
export const independentS: Readonly<Record<DetectorName, number>> = {
  value: 2 * fastS,
  mean: 2 * fastS,
  level: 2 * slowS,
  shift: 4 * slowS,
  spread: 2 * spreadS,
  flat: 2 * fastS,
};

/**
 * Deviations that are never judged, whatever was seen: `value` in robust standard deviations; `mean` and `level` in the
 * accuracy of an instrument; `shift` in steps of the limit of `level` (three tenths of it, for ten minutes); `spread` as
 * logarithm (half as much again of the standard deviation, or a third less, is seen every day); `flat` in seconds.
 */
export const leastLimit: Readonly<Record<DetectorName, number>> = {
  value: modifiedZLimit,
  mean: 2,
  level: 1,
  shift: 3,
  spread: 2 * Math.log(1.5),
  flat: 60,
};

/** Industrial transmitters are of class 0.5 to 1: what they say is true to about a hundredth of their range (IEC 60770). */
export const accuracyShare = 0.01;
