import { float32, GraphBuilder, int64, type Model } from "@millwright/onnx";
import type { Answer, Detector, FeatureMap } from "./detector.ts";
import {
  columnMeans,
  columnSpreads,
  covariance,
  dot,
  inverseOf,
  shrunk,
  standardised,
  times,
  type Matrix,
} from "./matrix.ts";

// A number that never moved in training gets this share of its size as spread: it may move that little.
const spreadFloor = 1e-3;

/**
 * Mahalanobis distance of a window from the windows it was fitted with, per square root of its numbers: about 1 in the
 * middle of normal. Correlations are shrunk, so that few samples do not make a narrow cloud.
 */
export class Mahalanobis implements Detector {
  readonly #centre: Float64Array;
  readonly #scale: Float64Array;
  readonly #precision: Matrix;
  readonly #map: FeatureMap;

  /** @param shrink 0 trusts every correlation, 1 none */
  constructor(rows: readonly Float64Array[], map: FeatureMap, shrink: number) {
    // The file holds 32-bit numbers: what is rounded here is not rounded again on the way.
    this.#centre = columnMeans(rows).map(Math.fround);
    this.#scale = columnSpreads(rows, this.#centre, spreadFloor).map(Math.fround);
    const scaled = rows.map((row) => standardised(row, this.#centre, this.#scale));
    this.#precision = inverseOf(shrunk(covariance(scaled), shrink)).map((row) =>
      row.map(Math.fround),
    );
    this.#map = map;
  }

  score(window: Float64Array): number {
    const z = standardised(window, this.#centre, this.#scale);
    return Math.sqrt(Math.max(0, dot(z, times(z, this.#precision))) / z.length);
  }

  answer(window: Float64Array): Answer {
    const z = standardised(window, this.#centre, this.#scale);
    const pulled = times(z, this.#precision);
    const { inputOf, shownBy } = this.#map;
    const contributions = new Array<number>(shownBy.length).fill(0);
    z.forEach((value, at) => {
      const input = inputOf[at] ?? 0;
      contributions[input] = (contributions[input] ?? 0) + value * (pulled[at] ?? 0);
    });
    return {
      score: Math.sqrt(Math.max(0, dot(z, pulled)) / z.length),
      // Two inputs that pull against each other may leave one a little below nothing.
      contributions: contributions.map((value) => Math.max(0, value)),
      // The mean of one number, given all others, of a normal distribution.
      expected: shownBy.map((at) => {
        const own = this.#precision[at]?.[at] ?? 1;
        return (window[at] ?? 0) - ((this.#scale[at] ?? 1) * (pulled[at] ?? 0)) / own;
      }),
    };
  }

  toModel(): Model {
    const width = this.#centre.length;
    const { inputOf, shownBy } = this.#map;
    const graph = new GraphBuilder();
    const window = graph.input("window", ["batch", width]);
    const constant = (name: string, dims: number[], values: ArrayLike<number>): string =>
      graph.constant(float32(name, dims, values));
    const away = graph.node("Sub", "away", [window, constant("centre", [width], this.#centre)]);
    const z = graph.node("Div", "z", [away, constant("scale", [width], this.#scale)]);
    const flat = this.#precision.flatMap((row) => [...row]);
    const pulled = graph.node("MatMul", "pulled", [z, constant("precision", [width, width], flat)]);
    const parts = graph.node("Mul", "parts", [z, pulled]);
    const sum = graph.node("ReduceSum", "sum", [parts, graph.constant(int64("axes", [1]))]);
    const square = graph.node("Div", "square", [
      graph.node("Relu", "positive", [sum]),
      constant("numbers", [1], [width]),
    ]);
    graph.node("Sqrt", "score", [square]);
    const belongs = inputOf.flatMap((input) =>
      shownBy.map((_unused, at) => (at === input ? 1 : 0)),
    );
    const byInput = graph.node("MatMul", "by_input", [
      parts,
      constant("belongs", [width, shownBy.length], belongs),
    ]);
    graph.node("Relu", "contributions", [byInput]);
    const gain = Float64Array.from(
      { length: width },
      (_unused, at) => (this.#scale[at] ?? 1) / (this.#precision[at]?.[at] ?? 1),
    );
    const pulledBack = graph.node("Mul", "pulled_back", [pulled, constant("gain", [width], gain)]);
    const should = graph.node("Sub", "should", [window, pulledBack]);
    graph.node("Gather", "expected", [should, graph.constant(int64("shown", shownBy))], {
      axis: { kind: "int", value: 1 },
    });
    graph.output("score", ["batch", 1]);
    graph.output("contributions", ["batch", shownBy.length]);
    graph.output("expected", ["batch", shownBy.length]);
    return graph.build("mahalanobis", "distance of a window from normal ones");
  }
}
