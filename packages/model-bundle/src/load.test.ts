import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { encodeModel, float32, type Model } from "@millwright/onnx";

import { compareAnswers } from "./examples.ts";
import { loadBundle } from "./load.ts";
import { BundleRefused } from "./problem.ts";
import { makeSample, writeSample, type SampleBundle } from "./sample.ts";

const sample = makeSample({ name: "pump-health", inputs: ["vibration", "temperature"] });

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-bundle-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, "pump-health");
}

/** The report of the refusal; fails when the bundle is taken. */
function refusal(folder: string): string {
  try {
    loadBundle(folder);
  } catch (failure) {
    assert.ok(failure instanceof BundleRefused, String(failure));
    return failure.message;
  }
  return assert.fail("the bundle was taken");
}

/** A bundle whose model or manifest differs, and the report that comes of it. */
function refusalOf(t: TestContext, changed: Partial<SampleBundle>): string {
  const folder = place(t);
  writeSample(folder, { ...sample, ...changed });
  return refusal(folder);
}

function withWeights(name: string, dims: readonly number[], values: readonly number[]): Model {
  return {
    ...sample.model,
    graph: {
      ...sample.model.graph,
      initializers: sample.model.graph.initializers.map((tensor) =>
        tensor.name === name ? float32(name, dims, values) : tensor,
      ),
    },
  };
}

test("a bundle that fits is opened with its model and its examples", (t) => {
  const folder = place(t);
  writeSample(folder, sample);
  const bundle = loadBundle(folder);
  assert.equal(bundle.manifest.version, "1.0.0");
  assert.equal(bundle.examples.windows.length, 3);
  assert.equal(bundle.model.graph.nodes.length, 4);
  assert.match(bundle.digest, /^[0-9a-f]{64}$/);
});

test("weights that are no numbers are refused, with the tensor and what to look for", (t) => {
  const report = refusalOf(t, { model: withWeights("whitening", [2, 2], [1, NaN, 0, 1]) });
  assert.match(
    report,
    /model\.onnx: tensor "whitening": holds NaN at number 1; train the model again/,
  );
  const endless = refusalOf(t, { model: withWeights("centre", [2], [0, Infinity]) });
  assert.match(endless, /tensor "centre": holds Infinity/);
});

test("an operator set that the gateway does not run is refused with those that it does", (t) => {
  const report = refusalOf(t, { model: { ...sample.model, opsets: { "": 9 } } });
  assert.match(report, /opset: is 9; this gateway runs 13 to 23/);
  const other = refusalOf(t, { model: { ...sample.model, opsets: { "": 16 } } });
  assert.match(other, /opset: is 16, and the manifest says 17/);
});

test("a shape that is not the manifest's is refused with both shapes", (t) => {
  const graph = {
    ...sample.model.graph,
    inputs: [{ name: "window", elementType: 1, shape: ["batch", 3] }],
  };
  const report = refusalOf(t, { model: { ...sample.model, graph } });
  assert.match(
    report,
    /input "window": is \[batch, 3\] in the file and \[batch, 2\] in the manifest/,
  );
});

test("an input or output that is not there is refused with those that are", (t) => {
  const { manifest } = sample;
  const input = { tensor: "x", shape: ["batch", 2] } as const;
  const outputs = { score: { tensor: "y", shape: ["batch", 1] } } as const;
  const model = { ...manifest.model, input, outputs };
  const report = refusalOf(t, { manifest: { ...manifest, model } });
  assert.match(report, /input "x": is not there; the model has "window"/);
  assert.match(report, /output "y": is not there; the model has "score", "contributions"/);
});

test("numbers in another file and operators of another library are refused", (t) => {
  const [first, ...others] = sample.model.graph.initializers;
  const [node, ...nodes] = sample.model.graph.nodes;
  assert.ok(first !== undefined && node !== undefined);
  const graph = {
    ...sample.model.graph,
    initializers: [{ ...first, external: { location: "../../etc/shadow" } }, ...others],
    nodes: [{ ...node, domain: "com.example" }, ...nodes],
  };
  const report = refusalOf(t, { model: { ...sample.model, graph } });
  assert.match(report, /centre: keeps its numbers in another file \("\.\.\/\.\.\/etc\/shadow"\)/);
  assert.match(report, /Sub away: is an operator of "com\.example"/);
});

test("features that do not fill the model's input are refused with both counts", (t) => {
  const report = refusalOf(t, { manifest: { ...sample.manifest, lag: 2 } });
  assert.match(
    report,
    /tensor "window" takes 2 numbers a window, and 2 features with lag 2 give 6/,
  );
});

test("examples of another shape are refused, with their place", (t) => {
  const report = refusalOf(t, { examples: [{ input: [1, 2, 3], score: 1 }] });
  assert.match(
    report,
    /examples\.json: windows\[0\]\.input: has 3 numbers, and the model's tensor 2/,
  );
});

test("a file that was changed, is missing, is too many or is a link is refused by name", (t) => {
  const folder = place(t);
  writeSample(folder, sample);
  const modelPath = join(folder, "model.onnx");
  const bytes = readFileSync(modelPath);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  writeFileSync(modelPath, bytes);
  rmSync(join(folder, "card.md"));
  writeFileSync(join(folder, "setup.sh"), "echo");
  const elsewhere = join(folder, "..", "metrics.json");
  writeFileSync(elsewhere, "{}\n");
  rmSync(join(folder, "metrics.json"));
  symlinkSync(elsewhere, join(folder, "metrics.json"));
  const report = refusal(folder);
  assert.match(
    report,
    /model\.onnx: is not the file that the manifest names \(its SHA-256 differs\)/,
  );
  assert.match(report, /card\.md: is missing/);
  assert.match(report, /setup\.sh: is not named by the manifest/);
  assert.match(report, /metrics\.json: is a link/);
  assert.match(report, /has 5 problems and is not used/);
});

test("a manifest that names files outside of its folder is refused", (t) => {
  const folder = place(t);
  writeSample(folder, sample);
  const path = join(folder, "manifest.json");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("card.md", "../../card.md"));
  assert.match(refusal(folder), /files\.\.\.\/\.\.\/card\.md/);
});

test("what is no model and no manifest is refused in words", (t) => {
  const folder = place(t);
  writeSample(folder, sample, { "model.onnx": "PK not a model" });
  assert.match(refusal(folder), /model\.onnx: .*ONNX/);
  writeFileSync(join(folder, "manifest.json"), "{");
  assert.match(refusal(folder), /manifest\.json: is not JSON/);
  rmSync(folder, { recursive: true });
  assert.match(refusal(folder), /manifest\.json: is missing/);
});

test("answers that differ from the examples are named with the tensor; NaN is a difference", (t) => {
  const folder = place(t);
  writeSample(folder, sample);
  const { manifest, examples } = loadBundle(folder);
  const answers = examples.windows.map(({ score, contributions = [] }) => ({
    score,
    contributions,
    expected: [],
  }));
  assert.deepEqual(compareAnswers(examples, answers, manifest), []);
  const [first, ...rest] = answers;
  assert.ok(first !== undefined);
  const wrong = compareAnswers(examples, [{ ...first, score: NaN }, ...rest], manifest);
  assert.match(wrong[0]?.what ?? "", /tensor "score" gave NaN/);
});

test("the same content gives the same bytes and the same digest", (t) => {
  const [one, two] = [place(t), place(t)];
  writeSample(one, sample);
  writeSample(two, sample);
  assert.equal(loadBundle(one).digest, loadBundle(two).digest);
  assert.deepEqual(readFileSync(join(one, "model.onnx")), Buffer.from(encodeModel(sample.model)));
});
