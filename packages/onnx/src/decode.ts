import { readTensor, readValue } from "./decode-tensor.ts";
import { byName, int64Of, NotOnnx, readFields, readNumbers, readPair } from "./fields.ts";
import { attributeTypes } from "./encode.ts";
import type { Attribute, Graph, GraphNode, Model, Tensor, TensorValue } from "./model.ts";

// A branch in a branch in a branch: deeper graphs than this are made to exhaust the stack.
const depthMax = 16;

/**
 * Reads a model. Fields that our models do not use are passed over and named in `unread`: who takes a stranger's file
 * decides whether it may hold them. Throws `NotOnnx`.
 */
export function decodeModel(bytes: Uint8Array): Model {
  try {
    return readModel(bytes);
  } catch (failure) {
    if (failure instanceof NotOnnx) throw failure;
    throw new NotOnnx("the file cannot be read as an ONNX model", { cause: failure });
  }
}

function readModel(bytes: Uint8Array): Model {
  const unread = new Set<string>();
  const texts = { producerName: "", producerVersion: "", docString: "" };
  const opsets: [domain: string, version: number][] = [];
  const metadata: [key: string, value: string][] = [];
  let irVersion = 0;
  let graph: Graph | undefined;
  readFields(bytes, "ModelProto", unread, (field, reader) => {
    switch (field) {
      case 1:
        irVersion = int64Of(reader);
        return true;
      case 2:
        texts.producerName = reader.string();
        return true;
      case 3:
        texts.producerVersion = reader.string();
        return true;
      case 6:
        texts.docString = reader.string();
        return true;
      case 7:
        if (graph !== undefined) throw new NotOnnx("the file holds two graphs");
        graph = readGraph(reader.bytes(), unread, 0);
        return true;
      case 8:
        opsets.push(readOpset(reader.bytes(), unread));
        return true;
      case 14:
        metadata.push(readPair(reader.bytes(), unread));
        return true;
      default:
        return false;
    }
  });
  if (graph === undefined) throw new NotOnnx("the file holds no graph");
  return {
    irVersion,
    ...texts,
    opsets: byName("operator set", opsets),
    metadata: byName("metadata", metadata),
    graph,
    unread: [...unread].sort(),
  };
}

function readOpset(bytes: Uint8Array, unread: Set<string>): [domain: string, version: number] {
  let domain = "";
  let version = 0;
  readFields(bytes, "OperatorSetIdProto", unread, (field, reader) => {
    if (field === 1) domain = reader.string();
    else if (field === 2) version = int64Of(reader);
    else return false;
    return true;
  });
  return [domain, version];
}

function readGraph(bytes: Uint8Array, unread: Set<string>, depth: number): Graph {
  if (depth > depthMax) throw new NotOnnx(`graphs lie more than ${depthMax} deep in each other`);
  const nodes: GraphNode[] = [];
  const initializers: Tensor[] = [];
  const inputs: TensorValue[] = [];
  const outputs: TensorValue[] = [];
  let name = "";
  readFields(bytes, "GraphProto", unread, (field, reader) => {
    switch (field) {
      case 1:
        nodes.push(readNode(reader.bytes(), unread, depth));
        return true;
      case 2:
        name = reader.string();
        return true;
      case 5:
        initializers.push(readTensor(reader.bytes(), unread));
        return true;
      case 11:
        inputs.push(readValue(reader.bytes(), unread));
        return true;
      case 12:
        outputs.push(readValue(reader.bytes(), unread));
        return true;
      case 10:
      case 13:
        // A comment, and shapes of what lies between: neither changes what is computed.
        reader.bytes();
        return true;
      default:
        return false;
    }
  });
  return { name, nodes, initializers, inputs, outputs };
}

function readNode(bytes: Uint8Array, unread: Set<string>, depth: number): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [name: string, attribute: Attribute][] = [];
  const texts = { name: "", opType: "", domain: "" };
  readFields(bytes, "NodeProto", unread, (field, reader) => {
    switch (field) {
      case 1:
        inputs.push(reader.string());
        return true;
      case 2:
        outputs.push(reader.string());
        return true;
      case 3:
        texts.name = reader.string();
        return true;
      case 4:
        texts.opType = reader.string();
        return true;
      case 5: {
        const [name, attribute] = readAttribute(reader.bytes(), unread, depth);
        if (attribute !== undefined) attributes.push([name, attribute]);
        return true;
      }
      case 6:
        reader.string();
        return true;
      case 7:
        texts.domain = reader.string();
        return true;
      default:
        return false;
    }
  });
  return { ...texts, inputs, outputs, attributes: byName("attribute", attributes) };
}

/** Reads every kind's field and gives back the one that `type` (20) names, as the specification says. */
function readAttribute(
  bytes: Uint8Array,
  unread: Set<string>,
  depth: number,
): [name: string, attribute: Attribute | undefined] {
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  const tensors: Tensor[] = [];
  const graphs: Graph[] = [];
  let name = "";
  let type = 0;
  readFields(bytes, "AttributeProto", unread, (field, reader, wire) => {
    switch (field) {
      case 1:
        name = reader.string();
        return true;
      case 2:
      case 7:
        return readNumbers(floats, reader, wire, (each) => each.float());
      case 3:
      case 8:
        return readNumbers(ints, reader, wire, int64Of);
      case 4:
      case 9:
        strings.push(reader.string());
        return true;
      case 5:
      case 10:
        tensors.push(readTensor(reader.bytes(), unread));
        return true;
      case 6:
      case 11:
        graphs.push(readGraph(reader.bytes(), unread, depth + 1));
        return true;
      case 13:
        reader.string();
        return true;
      case 20:
        type = reader.int32();
        return true;
      default:
        return false;
    }
  });
  return [name, attributeOf(type, { floats, ints, strings, tensors, graphs })];
}

interface Gathered {
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly string[];
  readonly tensors: readonly Tensor[];
  readonly graphs: readonly Graph[];
}

function attributeOf(type: number, gathered: Gathered): Attribute | undefined {
  const { floats, ints, strings, tensors, graphs } = gathered;
  const tensor = tensors[0];
  const graph = graphs[0];
  switch (type) {
    case attributeTypes.float:
      return { kind: "float", value: floats[0] ?? 0 };
    case attributeTypes.int:
      return { kind: "int", value: ints[0] ?? 0 };
    case attributeTypes.string:
      return { kind: "string", value: strings[0] ?? "" };
    case attributeTypes.tensor:
      return tensor && { kind: "tensor", value: tensor };
    case attributeTypes.graph:
      return graph && { kind: "graph", value: graph };
    case attributeTypes.floats:
      return { kind: "floats", value: floats };
    case attributeTypes.ints:
      return { kind: "ints", value: ints };
    case attributeTypes.strings:
      return { kind: "strings", value: strings };
    case attributeTypes.tensors:
      return { kind: "tensors", value: tensors };
    case attributeTypes.graphs:
      return { kind: "graphs", value: graphs };
    default:
      return undefined;
  }
}
