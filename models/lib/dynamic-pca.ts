import { float32, GraphBuilder, int64, type Model } from "@millwright/onnx";
import type { Answer, Detector, FeatureMap } from "./detector.ts";
import {
  columnMeans,
  columnSpreads,
  covariance,
  dot,
  eigenOf,
  standardised,
  times,
  type Matrix,
} from "./matrix.ts";

const spreadFloor = 1e-3;
/** Of the variance that the plane of normal behaviour holds (Ku, Storer and Georgakis 1995 find it by parallel analysis). */
const heldShare = 0.99;
/** What a direction of the plane varies at least, so that a coincidence of the training is not divided by. */
const varianceFloor = 1e-3;

/**
 * Dynamic principal component analysis: the newest window with those before it as one vector. T² is how far it lies in
 * the plane of normal behaviour, Q how far from the plane; the score is the larger of both roots, each over its mean in
 * training.
 */
export class DynamicPca implements Detector {
  readonly #centre: Float64Array;
  readonly #scale: Float64Array;
  /** V Λ⁻¹ Vᵀ: z · this · z is T². */
  readonly #inside: Matrix;
  /** I − V Vᵀ: z · this is the rest. */
  readonly #outside: Matrix;
  readonly #typical: { readonly t2: number; readonly q: number };
  readonly #map: FeatureMap;

  constructor(rows: readonly Float64Array[], map: FeatureMap) {
    this.#map = map;
    // The file holds 32-bit numbers: what is rounded here is not rounded again on the way.
    this.#centre = columnMeans(rows).map(Math.fround);
    this.#scale = columnSpreads(rows, this.#centre, spreadFloor).map(Math.fround);
    const scaled = rows.map((row) => standardised(row, this.#centre, this.#scale));
    const width = this.#centre.length;
    const { values, vectors } = eigenOf(covariance(scaled));
    const total = values.reduce((sum, value) => sum + value, 0);
    let held = 0;
    const plane = values.flatMap((value, at) => {
      const vector = vectors[at];
      if (vector === undefined || held >= heldShare * total) return [];
      held += value;
      return [{ variance: Math.max(value, varianceFloor), vector }];
    });
    const sumOver = (weight: (variance: number) => number): Matrix =>
      Array.from({ length: width }, (_unused, i) =>
        Float64Array.from({ length: width }, (_each, j) =>
          plane.reduce(
            (sum, { variance, vector }) =>
              sum + weight(variance) * (vector[i] ?? 0) * (vector[j] ?? 0),
            0,
          ),
        ),
      );
    this.#inside = sumOver((variance) => 1 / variance).map((row) => row.map(Math.fround));
    this.#outside = sumOver(() => -1).map((row, i) =>
      row.map((value, j) => Math.fround(value + (i === j ? 1 : 0))),
    );
    const measured = scaled.map((z) => this.#distances(z));
    const mean = (take: (one: Distances) => number): number =>
      Math.max(1e-9, measured.reduce((sum, one) => sum + take(one), 0) / measured.length);
    this.#typical = { t2: mean(({ t2 }) => t2), q: mean(({ q }) => q) };
  }

  answer(window: Float64Array): Answer {
    const z = standardised(window, this.#centre, this.#scale);
    const { t2, q, pulled, rest } = this.#distances(z);
    const { inputOf, shownBy } = this.#map;
    const contributions = new Array<number>(shownBy.length).fill(0);
    z.forEach((value, at) => {
      const input = inputOf[at] ?? 0;
      const inPlane = (value * (pulled[at] ?? 0)) / this.#typical.t2;
      const away = (rest[at] ?? 0) ** 2 / this.#typical.q;
      contributions[input] = (contributions[input] ?? 0) + inPlane + away;
    });
    return {
      score: Math.sqrt(Math.max(Math.max(0, t2) / this.#typical.t2, q / this.#typical.q)),
      contributions: contributions.map((value) => Math.max(0, value)),
      // What the plane says: the window without what sticks out of it.
      expected: shownBy.map((at) => (window[at] ?? 0) - (this.#scale[at] ?? 1) * (rest[at] ?? 0)),
    };
  }

  toModel(): Model {
    const width = this.#centre.length;
    const { inputOf, shownBy } = this.#map;
    const graph = new GraphBuilder();
    const window = graph.input("window", ["batch", width]);
    const constant = (name: string, dims: number[], values: ArrayLike<number>): string =>
      graph.constant(float32(name, dims, values));
    const square = [width, width];
    const axes = graph.constant(int64("axes", [1]));
    const away = graph.node("Sub", "away", [window, constant("centre", [width], this.#centre)]);
    const scale = constant("scale", [width], this.#scale);
    const z = graph.node("Div", "z", [away, scale]);
    const inside = constant(
      "inside",
      square,
      this.#inside.flatMap((row) => [...row]),
    );
    const outside = constant(
      "outside",
      square,
      this.#outside.flatMap((row) => [...row]),
    );
    const pulled = graph.node("MatMul", "pulled", [z, inside]);
    const rest = graph.node("MatMul", "rest", [z, outside]);
    const typical = constant("typical_t2", [1], [this.#typical.t2]);
    const typicalRest = constant("typical_q", [1], [this.#typical.q]);
    const inParts = graph.node("Div", "in_parts", [
      graph.node("Mul", "in_products", [z, pulled]),
      typical,
    ]);
    const outParts = graph.node("Div", "out_parts", [
      graph.node("Mul", "out_squares", [rest, rest]),
      typicalRest,
    ]);
    const t2 = graph.node("Relu", "t2", [graph.node("ReduceSum", "t2_sum", [inParts, axes])]);
    const q = graph.node("ReduceSum", "q", [outParts, axes]);
    graph.node("Sqrt", "score", [graph.node("Max", "larger", [t2, q])]);
    const belongs = inputOf.flatMap((input) =>
      shownBy.map((_unused, at) => (at === input ? 1 : 0)),
    );
    const byInput = graph.node("MatMul", "by_input", [
      graph.node("Add", "parts", [inParts, outParts]),
      constant("belongs", [width, shownBy.length], belongs),
    ]);
    graph.node("Relu", "contributions", [byInput]);
    const plane = graph.node("Sub", "plane", [
      window,
      graph.node("Mul", "sticks_out", [rest, scale]),
    ]);
    graph.node("Gather", "expected", [plane, graph.constant(int64("shown", shownBy))], {
      axis: { kind: "int", value: 1 },
    });
    graph.output("score", ["batch", 1]);
    graph.output("contributions", ["batch", shownBy.length]);
    graph.output("expected", ["batch", shownBy.length]);
    return graph.build("dynamic-pca", "T² and Q of a window with those before it");
  }

  #distances(z: Float64Array): Distances {
    const pulled = times(z, this.#inside);
    const rest = times(z, this.#outside);
    return { t2: dot(z, pulled), q: dot(rest, rest), pulled, rest };
  }
}

interface Distances {
  readonly t2: number;
  readonly q: number;
  readonly pulled: Float64Array;
  readonly rest: Float64Array;
}
