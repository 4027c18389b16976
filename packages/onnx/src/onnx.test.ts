import assert from "node:assert/strict";
import { test } from "node:test";
import { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import fc from "fast-check";
import { decodeModel } from "./decode.ts";
import { encodeModel } from "./encode.ts";
import { NotOnnx } from "./fields.ts";
import { findForeignParts } from "./foreign-parts.ts";
import { float32, GraphBuilder, int64 } from "./graph-builder.ts";
import type { Attribute, Model } from "./model.ts";
import { treeEnsemble } from "./tree-ensemble.ts";

/** y = sum((x - centre)²), which needs constants, broadcasting and an axis. */
function distanceModel(): Model {
  const graph = new GraphBuilder();
  const x = graph.input("x", ["batch", 3]);
  const centre = graph.constant(float32("centre", [3], [1, 2, 3]));
  const apart = graph.node("Sub", "apart", [x, centre]);
  const squared = graph.node("Mul", "squared", [apart, apart]);
  const axes = graph.constant(int64("axes", [1]));
  graph.node("ReduceSum", "score", [squared, axes], { keepdims: { kind: "int", value: 0 } });
  graph.output("score", ["batch"]);
  return graph.build("distance", "squared distance from a centre");
}

async function run(model: Model, rows: readonly (readonly number[])[]): Promise<number[]> {
  const session = await InferenceSession.create(encodeModel(model));
  const width = rows[0]?.length ?? 0;
  const x = new RuntimeTensor("float32", rows.flat(), [rows.length, width]);
  const answer = await session.run({ x });
  await session.release();
  const score = answer["score"];
  assert.ok(score);
  return [...(score.data as Float32Array)];
}

test("a graph that we wrote computes in onnxruntime what it says", async () => {
  const scores = await run(distanceModel(), [
    [1, 2, 3],
    [2, 4, 6],
  ]);
  assert.deepEqual(scores, [0, 14]);
});

test("a tree ensemble that we wrote goes left where a value is not above its threshold", async () => {
  const graph = new GraphBuilder();
  const x = graph.input("x", ["batch", 2]);
  const trees = [
    [{ feature: 0, threshold: 0.5, left: 1, right: 2 }, { value: 1 }, { value: 10 }],
    [
      { feature: 1, threshold: 2, left: 1, right: 2 },
      { value: 100 },
      { feature: 0, threshold: 0, left: 3, right: 4 },
      { value: 200 },
      { value: 300 },
    ],
  ];
  graph.node("TreeEnsembleRegressor", "score", [x], treeEnsemble(trees, 0.5), "ai.onnx.ml");
  graph.output("score", ["batch", 1]);
  const scores = await run(graph.build("trees", ""), [
    [0.5, 2],
    [0.6, 2],
    [0.6, 2.1],
    [-1, 3],
  ]);
  assert.deepEqual(scores, [101.5, 110.5, 310.5, 201.5]);
});

test("what was decoded is what was encoded, and gives the same bytes again", () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
  const whole = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const attribute: fc.Arbitrary<Attribute> = fc.oneof(
    finite.map((value) => ({ kind: "float" as const, value })),
    whole.map((value) => ({ kind: "int" as const, value })),
    fc.string().map((value) => ({ kind: "string" as const, value })),
    fc.array(finite).map((value) => ({ kind: "floats" as const, value })),
    fc.array(whole).map((value) => ({ kind: "ints" as const, value })),
    fc.array(fc.string()).map((value) => ({ kind: "strings" as const, value })),
    fc.constant({ kind: "graph" as const, value: distanceModel().graph }),
    fc.constant({ kind: "tensor" as const, value: float32("t", [2], [1, 2]) }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), attribute), (attributes) => {
      const model = distanceModel();
      const [first, ...others] = model.graph.nodes;
      assert.ok(first);
      const graph = {
        ...model.graph,
        nodes: [{ ...first, attributes: { ...attributes } }, ...others],
      };
      const given = { ...model, graph, metadata: { author: "plant" } };
      const bytes = encodeModel(given);
      const read = decodeModel(bytes);
      assert.deepEqual(plain(read), plain(given));
      assert.deepEqual(encodeModel(read), bytes);
    }),
  );
});

/** Without prototypes, and with buffers as lists: what is compared is what is in them. */
function plain(model: Model): unknown {
  return JSON.parse(
    JSON.stringify(model, (_key, value: unknown) =>
      value instanceof Uint8Array ? [...value] : value,
    ),
  );
}

test("an int64 or a text of the real onnx.proto that is not packed is read as well", () => {
  // AttributeProto: name "a", ints 3 and 5 in a field each, type INTS.
  const attribute = [0x0a, 1, 0x61, 0x40, 3, 0x40, 5, 0xa0, 1, 7];
  const node = [0x22, 1, 0x58, 0x2a, attribute.length, ...attribute];
  const graph = [0x0a, node.length, ...node];
  const model = decodeModel(Uint8Array.from([0x3a, graph.length, ...graph]));
  assert.deepEqual(model.graph.nodes[0]?.attributes, { a: { kind: "ints", value: [3, 5] } });
});

test("a tensor in another file, a foreign operator and an unread field are named, in branches too", () => {
  const model = distanceModel();
  assert.deepEqual(findForeignParts(decodeModel(encodeModel(model))), []);
  const away = {
    ...float32("weights", [1], [0]),
    raw: new Uint8Array(),
    external: { location: "../x" },
  };
  const inner = { ...model.graph, initializers: [away] };
  const branch = {
    name: "if-hot",
    opType: "If",
    domain: "",
    inputs: [],
    outputs: ["y"],
    attributes: { then_branch: { kind: "graph" as const, value: inner } },
  };
  const custom = { ...branch, name: "own", opType: "Spin", domain: "com.acme", attributes: {} };
  const graph = { ...model.graph, nodes: [branch, custom] };
  const bytes = encodeModel({ ...model, graph });
  // Field 25 of ModelProto: functions.
  // An operator set of that name must not hide behind the prototype of an object.
  const hidden = decodeModel(
    encodeModel({ ...model, opsets: JSON.parse('{"__proto__":1}') as Record<string, number> }),
  );
  assert.deepEqual(findForeignParts(hidden), [
    { kind: "operator-domain", where: "opset_import", what: "__proto__" },
  ]);
  const withFunctions = Uint8Array.from([...bytes, 0xca, 1, 0]);
  assert.deepEqual(findForeignParts(decodeModel(withFunctions)), [
    { kind: "external-data", where: "weights", what: "../x" },
    { kind: "operator-domain", where: "Spin own", what: "com.acme" },
    { kind: "unread-field", where: "ModelProto.25", what: "" },
  ]);
});

test("bytes that are no model, or were cut off, are refused as such", () => {
  const bytes = encodeModel(distanceModel());
  assert.throws(() => decodeModel(new Uint8Array()), NotOnnx);
  assert.throws(() => decodeModel(bytes.subarray(0, bytes.length - 3)), NotOnnx);
  assert.throws(() => decodeModel(Uint8Array.from([...bytes, ...bytes])), /two graphs/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      try {
        decodeModel(noise);
      } catch (failure) {
        assert.ok(failure instanceof NotOnnx);
      }
    }),
  );
});
