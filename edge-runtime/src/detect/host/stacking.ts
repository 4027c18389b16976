/**
 * Bundles of equal structure run as one. A session of its own for each costs 15 µs a window, of which the model is a
 * tenth. So the weights of a graph become inputs with one more dimension in front, the row: one session then runs any
 * number of bundles whose graphs differ in their numbers only, as batched matrix products.
 *
 * Operators are those of which it is known that a dimension in front changes nothing (ONNX operators, opset 13 and
 * later). A graph with any other gets a session of its own. Whether the stacked graph gives what the bundle wrote down is
 * checked with the bundle's examples, through the stack.
 */
import { createHash } from "node:crypto";

import {
  elementTypes,
  encodeModel,
  int64,
  type Attribute,
  type GraphNode,
  type Model,
  type Tensor,
} from "@millwright/onnx";

/** A weight that comes as an input. */
export interface StackedWeight {
  /** Name of the input. */
  readonly tensor: string;
  /** Of one row. */
  readonly shape: readonly number[];
  /** Name of the tensor in the bundle's graph. */
  readonly source: string;
  /** Rows and columns change places on the way (Gemm with transB). */
  readonly turned: boolean;
}

export interface Stack {
  /** Equal for graphs that may share a session. */
  readonly key: string;
  /** The graph, ready to be opened. */
  readonly model: Uint8Array;
  readonly weights: readonly StackedWeight[];
}

const unary = new Set(
  "Abs Celu Elu Erf Exp Gelu HardSigmoid HardSwish Identity LeakyRelu Log Neg Reciprocal Relu Selu Sigmoid Sign Softplus Softsign Sqrt Tanh".split(
    " ",
  ),
);
const elementwise = new Set("Add Div Max Mean Min Mul Pow PRelu Sub Sum".split(" "));
const reducing = new Set(
  "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare".split(
    " ",
  ),
);

/** Undefined when the graph holds something that cannot be stacked. */
export function toStack(model: Model): Stack | undefined {
  try {
    return new Stacking(model).stack();
  } catch (failure) {
    if (failure instanceof NotStackable) return undefined;
    throw failure;
  }
}

/** The numbers of one bundle, as its row of each weight. */
export function weightRows(model: Model, stack: Stack): readonly Float32Array[] {
  const constants = constantsOf(model);
  return stack.weights.map(({ source, turned }) => {
    const tensor = constants.get(source);
    if (tensor === undefined)
      throw new Error(`no weight "${source}" in a graph of equal structure`);
    const numbers = floatsOf(tensor);
    const [rows = 1, columns = 1] = tensor.dims;
    return turned ? transposed(numbers, rows, columns) : numbers;
  });
}

class NotStackable extends Error {}

class Stacking {
  readonly #model: Model;
  readonly #constants: ReadonlyMap<string, Tensor>;
  /** Dimensions of what is computed, without the row. */
  readonly #ranks = new Map<string, number>();
  readonly #nodes: GraphNode[] = [];
  readonly #kept = new Map<string, Tensor>();
  readonly #weights = new Map<string, StackedWeight>();

  constructor(model: Model) {
    this.#model = model;
    this.#constants = constantsOf(model);
  }

  stack(): Stack {
    const { graph } = this.#model;
    const inputs = graph.inputs.filter(({ name }) => !this.#constants.has(name));
    for (const { name, shape } of inputs) this.#ranks.set(name, shape.length);
    for (const node of graph.nodes) {
      if (node.opType !== "Constant") this.#nodes.push(this.#turn(node));
    }
    const weights = [...this.#weights.values()];
    // Without a number of its own there is nothing by which bundles of this graph could differ.
    if (weights.length === 0) throw new NotStackable("no weights");
    const model = encodeModel({
      ...this.#model,
      producerName: "",
      producerVersion: "",
      docString: "",
      metadata: {},
      graph: {
        name: "stack",
        nodes: this.#nodes,
        initializers: [...this.#kept.values()],
        inputs: [
          ...inputs.map((input) => ({ ...input, shape: ["rows", ...input.shape] })),
          ...weights.map(({ tensor, shape }) => ({
            name: tensor,
            elementType: elementTypes.float,
            shape: ["rows", ...shape],
          })),
        ],
        outputs: graph.outputs.map((output) => {
          this.#rank(output.name);
          return { ...output, shape: ["rows", ...output.shape] };
        }),
      },
    });
    return { key: createHash("sha256").update(model).digest("hex"), model, weights };
  }

  #turn(node: GraphNode): GraphNode {
    const { opType, inputs, outputs } = node;
    const [output = ""] = outputs;
    if (node.domain !== "" || outputs.length !== 1) throw new NotStackable(opType);
    const become = (rank: number, turned: Partial<GraphNode>): GraphNode => {
      this.#ranks.set(output, rank);
      return { ...node, ...turned };
    };

    if (unary.has(opType) || opType === "Clip") {
      const [value = "", ...rest] = inputs;
      // Limits of Clip are one number each: they are part of the structure.
      return become(this.#rank(value), {
        inputs: [value, ...rest.map((name) => this.#keep(name))],
      });
    }
    if (elementwise.has(opType)) {
      const rank = this.#highest(inputs);
      return become(rank, { inputs: inputs.map((name) => this.#operand(name, rank)) });
    }
    if (opType === "MatMul") {
      const rank = this.#highest(inputs);
      if (rank < 2) throw new NotStackable(opType);
      return become(rank, { inputs: inputs.map((name) => this.#operand(name, rank, 2)) });
    }
    if (opType === "Gemm") return this.#gemm(node);
    if (reducing.has(opType)) return this.#reduce(node, become);
    return this.#moved(node, become);
  }

  /** Y = A B + C, as a product and a sum: Gemm itself knows two dimensions only. */
  #gemm(node: GraphNode): GraphNode {
    const [a = "", b = "", c] = node.inputs;
    const [output = ""] = node.outputs;
    const plain =
      numberOf(node, "alpha", 1) === 1 &&
      numberOf(node, "beta", 1) === 1 &&
      numberOf(node, "transA", 0) === 0;
    if (!plain || this.#rank(a) !== 2 || !this.#constants.has(b)) throw new NotStackable("Gemm");
    const weight = this.#weight(b, 2, numberOf(node, "transB", 0) === 1);
    this.#ranks.set(output, 2);
    const common = { domain: "", attributes: {} };
    if (c === undefined || c === "") {
      return {
        ...common,
        name: node.name,
        opType: "MatMul",
        inputs: [a, weight],
        outputs: [output],
      };
    }
    const product = `${output}.product`;
    this.#nodes.push({
      ...common,
      name: `${node.name}.product`,
      opType: "MatMul",
      inputs: [a, weight],
      outputs: [product],
    });
    return {
      ...common,
      name: node.name,
      opType: "Add",
      inputs: [product, this.#operand(c, 2)],
      outputs: [output],
    };
  }

  #reduce(
    node: GraphNode,
    become: (rank: number, turned: Partial<GraphNode>) => GraphNode,
  ): GraphNode {
    const [value = "", axesInput] = node.inputs;
    const rank = this.#rank(value);
    const keeps = numberOf(node, "keepdims", 1) === 1;
    const inAttribute = node.attributes["axes"];
    if (inAttribute?.kind === "ints") {
      const axes = inAttribute.value.map(shifted);
      return become(keeps ? rank : rank - axes.length, {
        attributes: { ...node.attributes, axes: { kind: "ints", value: axes } },
      });
    }
    // Without axes all of them are meant, and the row would be among them.
    if (axesInput === undefined || axesInput === "") throw new NotStackable(node.opType);
    const axes = this.#integers(axesInput);
    if (axes.length === 0) throw new NotStackable(node.opType);
    return become(keeps ? rank : rank - axes.length, {
      inputs: [value, this.#keepIntegers(axes.map(shifted))],
    });
  }

  /** Operators that put numbers elsewhere: their axes move by one. */
  #moved(
    node: GraphNode,
    become: (rank: number, turned: Partial<GraphNode>) => GraphNode,
  ): GraphNode {
    const [value = "", second = "", third = "", axesOfSlice = "", steps = ""] = node.inputs;
    const withAxis = (axis: number): Record<string, Attribute> => ({
      ...node.attributes,
      axis: { kind: "int", value: shifted(axis) },
    });
    switch (node.opType) {
      case "Concat": {
        const ranks = node.inputs.map((name) => this.#rank(name));
        return become(ranks[0] ?? 0, { attributes: withAxis(numberOf(node, "axis", 0)) });
      }
      case "Softmax":
        return become(this.#rank(value), { attributes: withAxis(numberOf(node, "axis", -1)) });
      case "Gather": {
        const indices = this.#constants.get(second);
        if (indices?.elementType !== elementTypes.int64) break;
        return become(this.#rank(value) - 1 + indices.dims.length, {
          inputs: [value, this.#keep(second)],
          attributes: withAxis(numberOf(node, "axis", 0)),
        });
      }
      case "Transpose": {
        const perm = node.attributes["perm"];
        if (perm?.kind !== "ints") break;
        const turned = { kind: "ints", value: [0, ...perm.value.map((at) => at + 1)] } as const;
        return become(this.#rank(value), { attributes: { perm: turned } });
      }
      case "Unsqueeze":
      case "Squeeze": {
        const axes = this.#integers(second);
        const by = node.opType === "Squeeze" ? -axes.length : axes.length;
        return become(this.#rank(value) + by, {
          inputs: [value, this.#keepIntegers(axes.map(shifted))],
        });
      }
      case "Slice": {
        const axes = this.#integers(axesOfSlice).map(shifted);
        const kept = [value, this.#keep(second), this.#keep(third), this.#keepIntegers(axes)];
        return become(this.#rank(value), {
          inputs: steps === "" ? kept : [...kept, this.#keep(steps)],
        });
      }
      case "Reshape": {
        // 0 takes the size of the same place: of the row here, and of the ones behind it as before.
        const shape = this.#integers(second);
        this.#rank(value);
        return become(shape.length, { inputs: [value, this.#keepIntegers([0, ...shape])] });
      }
    }
    throw new NotStackable(node.opType);
  }

  #rank(name: string): number {
    const rank = this.#ranks.get(name);
    // A constant where only what is computed may stand, or an input that is left out.
    if (rank === undefined) throw new NotStackable(name);
    return rank;
  }

  #highest(names: readonly string[]): number {
    const ranks = names.flatMap((name) => this.#ranks.get(name) ?? []);
    if (ranks.length === 0) throw new NotStackable("constants only");
    return Math.max(...ranks);
  }

  /** One operand beside another of `rank` dimensions. What is computed must have as many: nothing is put between. */
  #operand(name: string, rank: number, rankLeast = 0): string {
    const constant = this.#constants.get(name);
    if (constant === undefined) {
      if (this.#rank(name) !== rank) throw new NotStackable(name);
      return name;
    }
    if (constant.dims.length < rankLeast) throw new NotStackable(name);
    return this.#weight(name, rank, false);
  }

  #weight(source: string, rank: number, turned: boolean): string {
    const constant = this.#constants.get(source);
    if (constant?.elementType !== elementTypes.float || constant.dims.length > rank) {
      throw new NotStackable(source);
    }
    const tensor = `${source}:${rank}${turned ? ":turned" : ""}`;
    const dims = turned ? constant.dims.toReversed() : constant.dims;
    const shape = [...new Array<number>(rank - dims.length).fill(1), ...dims];
    this.#weights.set(tensor, { tensor, shape, source, turned });
    return tensor;
  }

  /** Left as it is: the same for every row, and so part of the structure. */
  #keep(name: string): string {
    if (name === "") return name;
    const constant = this.#constants.get(name);
    if (constant === undefined) throw new NotStackable(name);
    this.#kept.set(name, constant);
    return name;
  }

  #integers(name: string): readonly number[] {
    const constant = this.#constants.get(name);
    if (constant?.elementType !== elementTypes.int64) throw new NotStackable(name);
    if (constant.values !== undefined) return constant.values;
    const { raw } = constant;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return Array.from({ length: raw.length / 8 }, (_each, at) =>
      Number(view.getBigInt64(8 * at, true)),
    );
  }

  #keepIntegers(values: readonly number[]): string {
    const name = `stack.int:${values.join(",")}`;
    this.#kept.set(name, int64(name, values));
    return name;
  }
}

/** Axes that are counted from behind stay where they are. */
function shifted(axis: number): number {
  return axis < 0 ? axis : axis + 1;
}

function numberOf({ attributes }: GraphNode, name: string, otherwise: number): number {
  const attribute = attributes[name];
  return attribute?.kind === "int" || attribute?.kind === "float" ? attribute.value : otherwise;
}

function constantsOf({ graph }: Model): ReadonlyMap<string, Tensor> {
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  for (const { opType, attributes, outputs } of graph.nodes) {
    const value = attributes["value"];
    const [name] = outputs;
    if (opType === "Constant" && value?.kind === "tensor" && name !== undefined) {
      constants.set(name, { ...value.value, name });
    }
  }
  return constants;
}

function floatsOf({ raw, values }: Tensor): Float32Array {
  if (values !== undefined) return Float32Array.from(values);
  // The bytes of a file stand anywhere; a view of floats needs an address that divides by 4.
  const copy = raw.slice();
  return new Float32Array(copy.buffer, copy.byteOffset, copy.byteLength / 4);
}

function transposed(numbers: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(numbers.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = numbers[row * columns + column] ?? NaN;
    }
  }
  return turned;
}
