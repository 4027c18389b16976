import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type {
  Attribute,
  Dimension,
  Graph,
  GraphNode,
  Model,
  Tensor,
  TensorValue,
} from "./model.ts";

/** The bytes of a model: the same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(model.irVersion);
  text(writer, 2, model.producerName);
  text(writer, 3, model.producerVersion);
  text(writer, 6, model.docString);
  message(writer, 7, () => {
    writeGraph(writer, model.graph);
  });
  for (const [domain, version] of Object.entries(model.opsets)) {
    message(writer, 8, () => {
      text(writer, 1, domain);
      writer.tag(2, WireType.Varint).int64(version);
    });
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    message(writer, 14, () => {
      text(writer, 1, key);
      text(writer, 2, value);
    });
  }
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: Graph): void {
  for (const node of graph.nodes) {
    message(writer, 1, () => {
      writeNode(writer, node);
    });
  }
  text(writer, 2, graph.name);
  for (const tensor of graph.initializers) {
    message(writer, 5, () => {
      writeTensor(writer, tensor);
    });
  }
  for (const [field, values] of [
    [11, graph.inputs],
    [12, graph.outputs],
  ] as const) {
    for (const value of values) {
      message(writer, field, () => {
        writeValue(writer, value);
      });
    }
  }
}

function writeNode(writer: BinaryWriter, node: GraphNode): void {
  for (const name of node.inputs) writer.tag(1, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) writer.tag(2, WireType.LengthDelimited).string(name);
  text(writer, 3, node.name);
  text(writer, 4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message(writer, 5, () => {
      text(writer, 1, name);
      writeAttribute(writer, attribute);
    });
  }
  text(writer, 7, node.domain);
}

/** AttributeProto: the value in the field of its kind, and the kind itself (20), which readers insist on. */
function writeAttribute(writer: BinaryWriter, attribute: Attribute): void {
  switch (attribute.kind) {
    case "float":
      writer.tag(2, WireType.Bit32).float(attribute.value);
      break;
    case "int":
      writer.tag(3, WireType.Varint).int64(attribute.value);
      break;
    case "string":
      writer.tag(4, WireType.LengthDelimited).string(attribute.value);
      break;
    case "tensor":
      message(writer, 5, () => {
        writeTensor(writer, attribute.value);
      });
      break;
    case "graph":
      message(writer, 6, () => {
        writeGraph(writer, attribute.value);
      });
      break;
    case "floats":
      message(writer, 7, () => {
        for (const value of attribute.value) writer.float(value);
      });
      break;
    case "ints":
      message(writer, 8, () => {
        for (const value of attribute.value) writer.int64(value);
      });
      break;
    case "strings":
      for (const value of attribute.value) writer.tag(9, WireType.LengthDelimited).string(value);
      break;
    case "tensors":
      for (const tensor of attribute.value) {
        message(writer, 10, () => {
          writeTensor(writer, tensor);
        });
      }
      break;
    case "graphs":
      for (const graph of attribute.value) {
        message(writer, 11, () => {
          writeGraph(writer, graph);
        });
      }
      break;
  }
  writer.tag(20, WireType.Varint).int32(attributeTypes[attribute.kind]);
}

/** AttributeProto.AttributeType. */
export const attributeTypes: Readonly<Record<Attribute["kind"], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
};

function writeTensor(writer: BinaryWriter, tensor: Tensor): void {
  message(writer, 1, () => {
    for (const size of tensor.dims) writer.int64(size);
  });
  writer.tag(2, WireType.Varint).int32(tensor.elementType);
  text(writer, 8, tensor.name);
  writer.tag(9, WireType.LengthDelimited).bytes(tensor.raw);
  for (const [key, value] of Object.entries(tensor.external ?? {})) {
    message(writer, 13, () => {
      text(writer, 1, key);
      text(writer, 2, value);
    });
  }
  // DataLocation EXTERNAL.
  if (tensor.external !== undefined) writer.tag(14, WireType.Varint).int32(1);
}

function writeValue(writer: BinaryWriter, value: TensorValue): void {
  text(writer, 1, value.name);
  // ValueInfoProto.type, TypeProto.tensor_type, Tensor.shape.
  message(writer, 2, () => {
    message(writer, 1, () => {
      writer.tag(1, WireType.Varint).int32(value.elementType);
      message(writer, 2, () => {
        for (const dimension of value.shape) {
          message(writer, 1, () => {
            writeDimension(writer, dimension);
          });
        }
      });
    });
  });
}

function writeDimension(writer: BinaryWriter, dimension: Dimension): void {
  if (typeof dimension === "number") writer.tag(1, WireType.Varint).int64(dimension);
  else text(writer, 2, dimension);
}

/** Nothing is written for "", which is what a reader takes an absent text for. */
function text(writer: BinaryWriter, field: number, value: string): void {
  if (value !== "") writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}
