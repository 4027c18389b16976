import {
  elementTypes,
  type Attribute,
  type Dimension,
  type GraphNode,
  type Model,
  type Tensor,
  type TensorValue,
} from "./model.ts";

// What onnxruntime 1.17 and later can read; newer files gain nothing for our graphs.
const irVersion = 8;
const opset = 17;
const mlOpset = 3;

/** Numbers as a tensor of 32-bit floats. */
export function float32(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  const raw = new Uint8Array(4 * values.length);
  const view = new DataView(raw.buffer);
  for (let index = 0; index < values.length; index++) {
    view.setFloat32(4 * index, values[index] ?? NaN, true);
  }
  return { name, elementType: elementTypes.float, dims, raw };
}

/** Whole numbers as a tensor of 64-bit integers: axes, shapes. */
export function int64(name: string, values: readonly number[]): Tensor {
  const raw = new Uint8Array(8 * values.length);
  const view = new DataView(raw.buffer);
  values.forEach((value, index) => {
    view.setBigInt64(8 * index, BigInt(value), true);
  });
  return { name, elementType: elementTypes.int64, dims: [values.length], raw };
}

/** Puts a graph together node by node. Values are named after the node that makes them. */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = [];
  readonly #initializers: Tensor[] = [];
  readonly #inputs: TensorValue[] = [];
  readonly #outputs: TensorValue[] = [];

  /** Names a float input; "batch" or another word stands for a size known only when it runs. */
  input(name: string, shape: readonly Dimension[]): string {
    this.#inputs.push({ name, elementType: elementTypes.float, shape });
    return name;
  }

  constant(tensor: Tensor): string {
    this.#initializers.push(tensor);
    return tensor.name;
  }

  /** Adds a node with one output, which carries `name`. */
  node(
    opType: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string {
    this.#nodes.push({ name, opType, domain, inputs, outputs: [name], attributes });
    return name;
  }

  output(name: string, shape: readonly Dimension[]): void {
    this.#outputs.push({ name, elementType: elementTypes.float, shape });
  }

  build(name: string, docString: string): Model {
    const trees = this.#nodes.some((node) => node.domain === "ai.onnx.ml");
    return {
      irVersion,
      producerName: "millwright",
      producerVersion: "",
      docString,
      opsets: trees ? { "": opset, "ai.onnx.ml": mlOpset } : { "": opset },
      metadata: {},
      graph: {
        name,
        nodes: this.#nodes,
        initializers: this.#initializers,
        inputs: this.#inputs,
        outputs: this.#outputs,
      },
      unread: [],
    };
  }
}
