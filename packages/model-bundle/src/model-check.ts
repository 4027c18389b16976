/** Holds an ONNX graph against the manifest that stands for it. Pure: bytes have become a `Model` before. */
import {
  elementTypes,
  findForeignParts,
  type Graph,
  type Model,
  type Tensor,
  type TensorValue,
} from "@millwright/onnx";

import type { Manifest, TensorShape } from "./manifest.ts";
import type { BundleProblem } from "./problem.ts";

/** Operator sets that the gateway's runtime is tested with. */
const opsetLeast = 13;
const opsetMost = 23;
/** Larger graphs are not for a gateway's core (nodes). */
const nodesMax = 20_000;

export function modelProblems(model: Model, manifest: Manifest): readonly BundleProblem[] {
  const { model: declared } = manifest;
  const problems: BundleProblem[] = [];
  const refuse = (place: string, what: string): void => {
    problems.push({ where: `${declared.file}: ${place}`, what });
  };

  const opset = model.opsets[""] ?? model.opsets["ai.onnx"];
  if (opset === undefined) {
    refuse("opset", "names no default operator set; export the model again");
  } else if (opset < opsetLeast || opset > opsetMost) {
    refuse(
      "opset",
      `is ${opset}; this gateway runs ${opsetLeast} to ${opsetMost}: export the model again with one of these`,
    );
  } else if (opset !== declared.opset) {
    refuse(
      "opset",
      `is ${opset}, and the manifest says ${declared.opset}; write the one that is meant`,
    );
  }
  if (model.graph.nodes.length > nodesMax) {
    refuse("graph", `has ${model.graph.nodes.length} nodes; at most ${nodesMax} are run`);
  }
  for (const { kind, where, what } of findForeignParts(model))
    refuse(where, foreignWords[kind](what));
  for (const { tensor, at, value } of badNumbers(model.graph)) {
    refuse(
      `tensor "${tensor}"`,
      `holds ${value} at number ${at}; train the model again, and look for a column without spread`,
    );
  }

  const fixed = new Set(model.graph.initializers.map(({ name }) => name));
  const inputs = model.graph.inputs.filter(({ name }) => !fixed.has(name));
  const input = inputs.find(({ name }) => name === declared.input.tensor);
  if (input === undefined) {
    refuse(
      `input "${declared.input.tensor}"`,
      `is not there; the model has ${names(inputs)}: name that in model.input`,
    );
  } else {
    for (const what of shapeProblems(input, declared.input)) refuse(`input "${input.name}"`, what);
  }
  for (const { name } of inputs) {
    if (name !== declared.input.tensor) {
      refuse(
        `input "${name}"`,
        "is one more than the gateway fills; export the model with one input",
      );
    }
  }
  for (const wanted of Object.values(declared.outputs)) {
    if (wanted === undefined) continue;
    const output = model.graph.outputs.find(({ name }) => name === wanted.tensor);
    if (output === undefined) {
      refuse(
        `output "${wanted.tensor}"`,
        `is not there; the model has ${names(model.graph.outputs)}: name one of these in model.outputs`,
      );
      continue;
    }
    for (const what of shapeProblems(output, wanted)) refuse(`output "${output.name}"`, what);
  }
  return problems;
}

const foreignWords = {
  "external-data": (file: string) =>
    `keeps its numbers in another file ("${file}"); export the model with everything in one file`,
  "operator-domain": (domain: string) =>
    `is an operator of "${domain}", which needs a library of its own; use standard operators only`,
  "unread-field": () =>
    "is a part of ONNX that is not judged here (training, functions, sparse or quantised parts); export without it",
} as const;

function shapeProblems(found: TensorValue, declared: TensorShape): readonly string[] {
  if (found.elementType !== elementTypes.float) {
    return [
      `holds ${typeName(found.elementType)}, and float (32 bits) is what goes in and comes out`,
    ];
  }
  const matches =
    found.shape.length === declared.shape.length &&
    declared.shape.every((size, at) =>
      size === "batch" ? typeof found.shape[at] === "string" : found.shape[at] === size,
    );
  if (matches) return [];
  return [
    `is ${shapeWords(found.shape)} in the file and ${shapeWords(declared.shape)} in the manifest; write the shape of the file there, or train for these inputs`,
  ];
}

function shapeWords(shape: readonly (number | string)[]): string {
  return `[${shape.map((size) => (size === "" ? "?" : size)).join(", ")}]`;
}

function names(values: readonly TensorValue[]): string {
  return values.length === 0 ? "none" : values.map(({ name }) => `"${name}"`).join(", ");
}

function typeName(elementType: number): string {
  const found = Object.entries(elementTypes).find(([, number]) => number === elementType);
  return found?.[0] ?? "something that is no tensor";
}

interface BadNumber {
  readonly tensor: string;
  readonly at: number;
  readonly value: number;
}

/** The first number of each tensor that is none: one line for each, however many there are. */
function* badNumbers(graph: Graph): Generator<BadNumber, void, undefined> {
  for (const tensor of graph.initializers) yield* badIn(tensor.name, numbersOf(tensor));
  for (const node of graph.nodes) {
    for (const [name, attribute] of Object.entries(node.attributes)) {
      const place = `${node.opType} ${node.name}: ${name}`;
      switch (attribute.kind) {
        case "float":
          yield* badIn(place, [attribute.value]);
          break;
        case "floats":
          yield* badIn(place, attribute.value);
          break;
        case "tensor":
          yield* badIn(place, numbersOf(attribute.value));
          break;
        case "tensors":
          for (const tensor of attribute.value) yield* badIn(place, numbersOf(tensor));
          break;
        case "graph":
          yield* badNumbers(attribute.value);
          break;
        case "graphs":
          for (const inner of attribute.value) yield* badNumbers(inner);
          break;
        case "int":
        case "ints":
        case "string":
        case "strings":
          break;
      }
    }
  }
}

function* badIn(tensor: string, numbers: Iterable<number>): Generator<BadNumber, void, undefined> {
  let at = 0;
  for (const value of numbers) {
    if (!Number.isFinite(value)) {
      yield { tensor, at, value };
      return;
    }
    at++;
  }
}

/** Fractions only: whole numbers are always numbers. */
function* numbersOf({ elementType, raw, values }: Tensor): Generator<number, void, undefined> {
  if (values !== undefined) yield* values;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (elementType === elementTypes.float) {
    for (let at = 0; at + 4 <= raw.length; at += 4) yield view.getFloat32(at, true);
  } else if (elementType === elementTypes.double) {
    for (let at = 0; at + 8 <= raw.length; at += 8) yield view.getFloat64(at, true);
  } else if (elementType === elementTypes.float16) {
    // All bits of the exponent set: infinity or no number (IEEE 754, 3.4).
    for (let at = 0; at + 2 <= raw.length; at += 2) {
      yield (view.getUint16(at, true) & 0x7c00) === 0x7c00 ? NaN : 0;
    }
  }
}
