import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";
import {
  decodeModel,
  encodeModel,
  float32,
  GraphBuilder,
  int64,
  type Model,
} from "@millwright/onnx";

import { openUnit } from "./host-unit.ts";
import type { UnitText } from "./messages.ts";
import { toStack, weightRows } from "./stacking.ts";

const width = 4;
const ints = (value: readonly number[]) => ({ kind: "ints", value }) as const;
const int = (value: number) => ({ kind: "int", value }) as const;

/** Graphs of operators that stand in each other's way once a dimension comes in front. */
const graphs: Readonly<
  Record<string, (graph: GraphBuilder, x: string, w: (...dims: number[]) => string) => string>
> = {
  "distance from a centre": (graph, x, w) => {
    const away = graph.node("Sub", "away", [x, w(width)]);
    const white = graph.node("MatMul", "white", [away, w(width, width)]);
    const square = graph.node("Mul", "square", [white, white]);
    return graph.node("ReduceSum", "sum", [square, graph.constant(int64("axes", [1]))]);
  },
  "layers of an autoencoder, weights turned": (graph, x, w) => {
    const hidden = graph.node("Gemm", "hidden", [x, w(3, width), w(3)], { transB: int(1) });
    const relu = graph.node("Relu", "relu", [hidden]);
    const back = graph.node("Gemm", "back", [relu, w(3, width)]);
    const wrong = graph.node("Sub", "wrong", [x, back]);
    return graph.node("ReduceL2", "length", [wrong], { axes: ints([-1]) });
  },
  "a weight that is one number, divided by": (graph, x, w) => {
    const scaled = graph.node("Div", "scaled", [x, w()]);
    const most = graph.node("ReduceMax", "most", [scaled], { axes: ints([1]), keepdims: int(0) });
    return graph.node("Reshape", "reshape", [most, graph.constant(int64("shape", [-1, 1]))]);
  },
  "parts cut, turned and put together": (graph, x, w) => {
    const at = (name: string, values: readonly number[]): string =>
      graph.constant(int64(name, values));
    const front = graph.node("Slice", "front", [
      x,
      at("from", [0]),
      at("to", [2]),
      at("axis", [1]),
    ]);
    const chosen = graph.node("Gather", "chosen", [x, at("places", [3, 1])], { axis: int(1) });
    const both = graph.node("Concat", "both", [front, chosen], { axis: int(1) });
    const mixed = graph.node("MatMul", "mixed", [both, w(width, width)]);
    const shares = graph.node("Softmax", "shares", [mixed], { axis: int(1) });
    const tall = graph.node("Unsqueeze", "tall", [shares, at("places-of-one", [1])]);
    const turned = graph.node("Transpose", "turned", [tall], { perm: ints([0, 2, 1]) });
    const flat = graph.node("Squeeze", "flat", [turned, at("last", [2])]);
    const spread = graph.node("Mul", "spread", [flat, w(1, width)]);
    return graph.node("ReduceSum", "sum", [spread, graph.constant(int64("axes", [1]))]);
  },
};

function modelOf(kind: string, seed: number): Model {
  const random = seededRandom(`${kind} ${seed}`);
  const graph = new GraphBuilder();
  let count = 0;
  const weight = (...dims: number[]): string => {
    const length = dims.reduce((all, size) => all * size, 1);
    const numbers = Array.from({ length }, () => random.next() - 0.5 + (length === 1 ? 2 : 0));
    return graph.constant(float32(`w${count++}`, dims, numbers));
  };
  const x = graph.input("x", ["batch", width]);
  graph.output(graphs[kind]?.(graph, x, weight) ?? "", ["batch", 1]);
  return decodeModel(encodeModel(graph.build("g", "")));
}

function textOf(model: Model): UnitText {
  const output = model.graph.outputs[0]?.name ?? "";
  return {
    unit: 0,
    input: "x",
    width,
    shape: [width],
    batch: true,
    outputs: [{ tensor: output, width: 1 }],
    weights: [],
  };
}

for (const kind of Object.keys(graphs)) {
  test(`a stack gives what each model gives by itself: ${kind}`, async () => {
    const models = Array.from({ length: 40 }, (_each, seed) => modelOf(kind, seed));
    const stacks = models.map((model) => toStack(model));
    const [stack] = stacks;
    assert.ok(stack !== undefined);
    assert.ok(stacks.every((each) => each?.key === stack.key));

    const rows = models.map((model) => weightRows(model, stack));
    const packed = stack.weights.map((_weight, at) =>
      Float32Array.from(rows.flatMap((row) => [...(row[at] ?? [])])),
    );
    const [first] = models;
    assert.ok(first !== undefined);
    const text = { ...textOf(first), weights: stack.weights };
    const stacked = await openUnit(text, stack.model, packed);

    // All rows side by side, many windows of one row, and some that are scattered.
    const order = [...models.keys(), ...new Array<number>(33).fill(7), 31, 2, 2, 19];
    const random = seededRandom("windows");
    const inputs = Float32Array.from({ length: order.length * width }, () => random.next() + 0.1);
    const found = await stacked.run(Int32Array.from(order), inputs);
    const alone = await Promise.all(
      models.map((model) => openUnit(textOf(model), encodeModel(model), [])),
    );
    for (const [at, row] of order.entries()) {
      const window = inputs.slice(at * width, (at + 1) * width);
      const [wanted = NaN] = (await alone[row]?.run(Int32Array.of(0), window)) ?? [];
      assert.ok(Math.abs((found[at] ?? NaN) - wanted) < 1e-5, `${kind}, row ${row}`);
    }
  });
}

test("graphs of other numbers share a stack, of another structure they do not", () => {
  const [one, two] = [0, 1].map((seed) => toStack(modelOf("distance from a centre", seed)));
  assert.equal(one?.key, two?.key);
  const other = toStack(modelOf("layers of an autoencoder, weights turned", 0));
  assert.notEqual(other?.key, one?.key);
});

test("a graph with an operator that is not known to bear one more dimension is left alone", () => {
  const graph = new GraphBuilder();
  const x = graph.input("x", ["batch", width]);
  const w = graph.constant(float32("w", [width], [1, 2, 3, 4]));
  const sum = graph.node("Add", "sum", [x, w]);
  graph.node("CumSum", "run", [sum, graph.constant(int64("axis", [1]))]);
  graph.output("run", ["batch", width]);
  assert.equal(toStack(graph.build("g", "")), undefined);
});
