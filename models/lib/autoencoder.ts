import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { ready, setBackend, tensor1d, tensor2d, tidy, train } from "@tensorflow/tfjs-core";
import { layers, sequential, type Sequential } from "@tensorflow/tfjs-layers";
import type { Random } from "@millwright/kit";
import { float32, GraphBuilder, int64, type Model } from "@millwright/onnx";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Answer, Detector, FeatureMap } from "./detector.ts";
import { columnMeans, columnSpreads, standardised } from "./matrix.ts";

const spreadFloor = 1e-3;
/** Neurons of the hidden layers: what 32 see of a window goes through 8. */
const hidden = [32, 8, 32];
const batchRows = 128;
const learningRate = 2e-3;

interface Layer {
  /** [inputs × outputs], row by row. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * Learns to say a window again through a narrow middle (32-8-32, tanh); what it cannot say again is odd. Trained with
 * TensorFlow.js on WebAssembly, which needs nothing compiled. Weights and order of rows come from `random`.
 */
export class Autoencoder implements Detector {
  readonly #centre: Float64Array;
  readonly #scale: Float64Array;
  readonly #layers: readonly Layer[];
  readonly #typical: number;
  readonly #map: FeatureMap;

  private constructor(
    centre: Float64Array,
    scale: Float64Array,
    layerList: readonly Layer[],
    typical: number,
    map: FeatureMap,
  ) {
    this.#centre = centre;
    this.#scale = scale;
    this.#layers = layerList;
    this.#typical = typical;
    this.#map = map;
  }

  /** @param epoch told after each round over all rows, with the mean squared error */
  static async fit(
    rows: readonly Float64Array[],
    map: FeatureMap,
    random: Random,
    epochs: number,
    epoch: (done: number, error: number) => void,
  ): Promise<Autoencoder> {
    await useWebAssembly();
    const centre = columnMeans(rows).map(Math.fround);
    const scale = columnSpreads(rows, centre, spreadFloor).map(Math.fround);
    const scaled = rows.map((row) => standardised(row, centre, scale));
    const network = newNetwork(centre.length, random);
    const optimizer = train.adam(learningRate);
    network.compile({ optimizer, loss: "meanSquaredError" });
    let error = NaN;
    for (let done = 1; done <= epochs; done++) {
      error = await oneEpoch(network, scaled, random);
      epoch(done, error);
    }
    const layerList = layersOf(network);
    network.dispose();
    optimizer.dispose();
    return new Autoencoder(centre, scale, layerList, Math.max(1e-9, Math.sqrt(error)), map);
  }

  answer(window: Float64Array): Answer {
    const z = standardised(window, this.#centre, this.#scale);
    const again = this.#layers.reduce(
      (values, layer, at) => forward(values, layer, at < this.#layers.length - 1),
      z,
    );
    const { inputOf, shownBy } = this.#map;
    const contributions = new Array<number>(shownBy.length).fill(0);
    let sum = 0;
    z.forEach((value, at) => {
      const square = (value - (again[at] ?? 0)) ** 2;
      const input = inputOf[at] ?? 0;
      contributions[input] = (contributions[input] ?? 0) + square;
      sum += square;
    });
    return {
      score: Math.sqrt(sum / z.length) / this.#typical,
      contributions,
      expected: shownBy.map(
        (at) => (again[at] ?? 0) * (this.#scale[at] ?? 1) + (this.#centre[at] ?? 0),
      ),
    };
  }

  toModel(): Model {
    const width = this.#centre.length;
    const { inputOf, shownBy } = this.#map;
    const graph = new GraphBuilder();
    const window = graph.input("window", ["batch", width]);
    const constant = (name: string, dims: number[], values: ArrayLike<number>): string =>
      graph.constant(float32(name, dims, values));
    const centre = constant("centre", [width], this.#centre);
    const scale = constant("scale", [width], this.#scale);
    const z = graph.node("Div", "z", [graph.node("Sub", "away", [window, centre]), scale]);
    let values = z;
    this.#layers.forEach(({ weights, bias, inputs, outputs }, at) => {
      const product = graph.node("MatMul", `product_${at}`, [
        values,
        constant(`weights_${at}`, [inputs, outputs], weights),
      ]);
      values = graph.node("Add", `layer_${at}`, [product, constant(`bias_${at}`, [outputs], bias)]);
      if (at < this.#layers.length - 1) values = graph.node("Tanh", `tanh_${at}`, [values]);
    });
    const rest = graph.node("Sub", "rest", [z, values]);
    const squares = graph.node("Mul", "squares", [rest, rest]);
    const axes = graph.constant(int64("axes", [1]));
    const sum = graph.node("ReduceSum", "sum", [squares, axes]);
    const over = constant("over", [1], [width * this.#typical ** 2]);
    graph.node("Sqrt", "score", [graph.node("Div", "mean", [sum, over])]);
    const belongs = inputOf.flatMap((input) =>
      shownBy.map((_unused, at) => (at === input ? 1 : 0)),
    );
    graph.node("MatMul", "contributions", [
      squares,
      constant("belongs", [width, shownBy.length], belongs),
    ]);
    const said = graph.node("Add", "said", [graph.node("Mul", "sized", [values, scale]), centre]);
    graph.node("Gather", "expected", [said, graph.constant(int64("shown", shownBy))], {
      axis: { kind: "int", value: 1 },
    });
    graph.output("score", ["batch", 1]);
    graph.output("contributions", ["batch", shownBy.length]);
    graph.output("expected", ["batch", shownBy.length]);
    return graph.build("autoencoder", "what of a window cannot be said again");
  }
}

async function useWebAssembly(): Promise<void> {
  const library = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${dirname(library)}/`);
  if (!(await setBackend("wasm")))
    throw new Error("TensorFlow.js could not start its WebAssembly backend");
  await ready();
}

function newNetwork(width: number, random: Random): Sequential {
  const network = sequential();
  const sizes = [...hidden, width];
  sizes.forEach((units, at) => {
    const activation = at < sizes.length - 1 ? "tanh" : "linear";
    network.add(layers.dense({ units, activation, ...(at === 0 ? { inputShape: [width] } : {}) }));
  });
  // Glorot's uniform start (2010), from our own seed: the library's is not the same from run to run.
  sizes.forEach((outputs, at) => {
    const inputs = at === 0 ? width : (sizes[at - 1] ?? width);
    const bound = Math.sqrt(6 / (inputs + outputs));
    const weights = Float32Array.from(
      { length: inputs * outputs },
      () => bound * (2 * random.next() - 1),
    );
    network.layers[at]?.setWeights([
      tensor2d(weights, [inputs, outputs]),
      tensor1d(new Float32Array(outputs)),
    ]);
  });
  return network;
}

async function oneEpoch(
  network: Sequential,
  rows: readonly Float64Array[],
  random: Random,
): Promise<number> {
  const order = rows.map((_row, at) => at);
  for (let at = order.length - 1; at > 0; at--) {
    const other = random.int(at + 1);
    const kept = order[at] ?? 0;
    order[at] = order[other] ?? 0;
    order[other] = kept;
  }
  let sum = 0;
  for (let from = 0; from < order.length; from += batchRows) {
    const chosen = order.slice(from, from + batchRows);
    const width = rows[0]?.length ?? 0;
    const flat = Float32Array.from(chosen.flatMap((at) => [...(rows[at] ?? [])]));
    const batch = tensor2d(flat, [chosen.length, width]);
    const loss = await network.trainOnBatch(batch, batch);
    batch.dispose();
    sum += Number(Array.isArray(loss) ? loss[0] : loss) * chosen.length;
  }
  return sum / order.length;
}

function layersOf(network: Sequential): readonly Layer[] {
  return network.layers.map((layer) =>
    tidy(() => {
      const [weights, bias] = layer.getWeights();
      if (weights === undefined || bias === undefined) throw new Error("a layer has no weights");
      const [inputs = 0, outputs = 0] = weights.shape;
      return {
        weights: Float32Array.from(weights.dataSync()),
        bias: Float32Array.from(bias.dataSync()),
        inputs,
        outputs,
      };
    }),
  );
}

function forward(values: Float64Array, layer: Layer, squashed: boolean): Float64Array {
  return Float64Array.from(layer.bias, (bias, output) => {
    let sum = bias;
    for (let input = 0; input < layer.inputs; input++) {
      sum += (values[input] ?? 0) * (layer.weights[input * layer.outputs + output] ?? 0);
    }
    return squashed ? Math.tanh(sum) : sum;
  });
}
