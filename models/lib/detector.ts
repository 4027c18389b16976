import type { Model } from "@millwright/onnx";

/** What a model says of one window. */
export interface Answer {
  /** Distance from normal; 0 is the middle of it. */
  readonly score: number;
  /** How much each input has to do with it, in the order of the inputs; none is negative. */
  readonly contributions: readonly number[];
  /** What each input should be, in its unit. */
  readonly expected: readonly number[];
}

/** Which features stand for which inputs. */
export interface FeatureMap {
  /** Place of the input of each number of the vector. */
  readonly inputOf: readonly number[];
  /** For each input the number of the vector that a person compares with: its newest mean or value. */
  readonly shownBy: readonly number[];
}

/** A fitted detector: it answers here as its ONNX graph answers in a gateway. */
export interface Detector {
  answer(window: Float64Array): Answer;
  /** Input `window` [batch, width]; outputs `score` [batch, 1], `contributions` and `expected` [batch, inputs]. */
  toModel(): Model;
}
