/** The shipped models against the independent Python package `onnx`: its checker, and its reference evaluator on the examples. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
/** A registry that does not answer in this time is not reachable here. */
const installMsMax = 120_000;

const program = `
import json, sys
import numpy, onnx
from onnx.reference import ReferenceEvaluator

folder = sys.argv[1]
model = onnx.load(folder + "/model.onnx")
onnx.checker.check_model(model, full_check=True)
evaluator = ReferenceEvaluator(model)
examples = json.load(open(folder + "/examples.json"))
names = [output.name for output in model.graph.output]
worst = 0.0
for example in examples["windows"]:
    window = numpy.array([example["input"]], dtype=numpy.float32)
    for name, answer in zip(names, evaluator.run(None, {"window": window})):
        wanted = numpy.array(example[name], dtype=float).reshape(-1)
        size = max(1.0, float(numpy.abs(wanted).max()))
        worst = max(worst, float(numpy.abs(answer.reshape(-1) - wanted).max()) / size)
print(json.dumps({"version": onnx.__version__, "worst": worst, "tolerance": examples["tolerance"]}))
`;

const models = fileURLToPath(new URL("../../models/", import.meta.url));
const bundles = readdirSync(models, { recursive: true, encoding: "utf8" })
  .filter((path) => /^[^/]+\/model\.onnx$/.test(path))
  .map((path) => join(models, path, ".."));

const folder = await mkdtemp(join(tmpdir(), "millwright-interop-onnx-"));
const python = join(folder, "bin", "python3");
const missing = await install();
const skip = missing === undefined ? false : missing;
let passed = 0;
let version = "";
after(async () => {
  await rm(folder, { recursive: true, force: true });
  const result = passed === bundles.length ? "all passed" : `${passed} of ${bundles.length} passed`;
  console.log(
    missing === undefined
      ? `onnx ${version}: ${bundles.length} models checked and run, ${result}`
      : `onnx: not reachable here (${missing})`,
  );
});

test("there are bundles to check", () => {
  assert.ok(bundles.length >= 4);
});

for (const bundle of bundles) {
  test(
    `the Python checker takes ${bundle.split("/").at(-1)}, and its evaluator gives the examples`,
    { skip },
    async () => {
      const { stdout } = await run(python, ["-c", program, bundle]);
      const said = JSON.parse(stdout) as { version: string; worst: number; tolerance: number };
      version = said.version;
      assert.ok(said.worst <= said.tolerance, `differs by ${said.worst}`);
      passed++;
    },
  );
}

/** @returns why it cannot be had, or undefined */
async function install(): Promise<string | undefined> {
  try {
    await run("python3", ["-m", "venv", folder]);
    await run(python, ["-m", "pip", "install", "--quiet", "onnx"], { timeout: installMsMax });
    await run(python, ["-c", "import onnx.reference"]);
    return undefined;
  } catch (failure) {
    const words = failure instanceof Error ? failure.message : String(failure);
    return words.split("\n")[0] ?? words;
  }
}
