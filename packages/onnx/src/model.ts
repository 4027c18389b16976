/**
 * The part of an ONNX file (onnx/onnx.proto, IR versions 4 to 10) that our models use, as plain data. Names follow the
 * specification; `int64` attributes and dimensions are numbers, because none of ours comes near 2^53.
 */

/** TensorProto.DataType by name. */
export const elementTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
} as const;

/** The operator sets that every ONNX runtime brings along. Any other domain needs a library of its own. */
export const opsetDomains: readonly string[] = ["", "ai.onnx", "ai.onnx.ml"];

export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly docString: string;
  /** Version of each operator set by its domain; "" is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: Graph;
  /** Free pairs of words, in the order of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Fields of the file that were passed over, as `GraphProto.15`; empty for what `encodeModel` wrote. */
  readonly unread: readonly string[];
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly TensorValue[];
  readonly outputs: readonly TensorValue[];
}

export interface GraphNode {
  readonly name: string;
  readonly opType: string;
  /** "" is the standard operator set. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A dimension is a size, or the name of one that is known only when the model runs ("batch"), or nothing (""). */
export type Dimension = number | string;

/** What goes in or comes out: a tensor of `elementType` (see `elementTypes`). */
export interface TensorValue {
  readonly name: string;
  /** 0 when it is no tensor (a sequence, a map). */
  readonly elementType: number;
  readonly shape: readonly Dimension[];
}

export interface Tensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  /** Little-endian elements (`raw_data`); empty where the values stand elsewhere. */
  readonly raw: Uint8Array;
  /** Elements of a tensor that does not use `raw_data`, in the order of the file. */
  readonly values?: readonly number[];
  /** Where the values lie when they are not in the file: `external_data`, key by key. */
  readonly external?: Readonly<Record<string, string>>;
}

export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "tensors"; readonly value: readonly Tensor[] }
  | { readonly kind: "graph"; readonly value: Graph }
  | { readonly kind: "graphs"; readonly value: readonly Graph[] };
