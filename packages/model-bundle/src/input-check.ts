/** Whether a manifest agrees with itself: inputs, features, tensors. Pure. */
import { widthOf } from "./examples.ts";
import { manifestFile } from "./files.ts";
import type { Manifest, TensorShape } from "./manifest.ts";
import type { BundleProblem } from "./problem.ts";

export function inputProblems(manifest: Manifest): readonly BundleProblem[] {
  const { inputs, features, lag, model } = manifest;
  const problems: BundleProblem[] = [];
  const refuse = (place: string, what: string): void => {
    problems.push({ where: `${manifestFile}: ${place}`, what });
  };

  const byProperty = new Map<string, (typeof inputs)[number]>();
  inputs.forEach((input, at) => {
    if (byProperty.has(input.property)) {
      refuse(`inputs.${at}.property`, `"${input.property}" is there twice`);
    }
    byProperty.set(input.property, input);
  });
  const used = new Set<string>();
  features.windows.forEach((feature, at) => {
    const input = byProperty.get(feature.property);
    const place = `features.windows.${at}`;
    used.add(feature.property);
    if (input === undefined) {
      refuse(place, `"${feature.name}" is made of "${feature.property}", which is no input`);
    } else if (!input.required && feature.missing === undefined) {
      refuse(
        place,
        `"${feature.name}" has nothing to stand in for "${feature.property}", which is not required: give it a missing value, or make the input required`,
      );
    }
  });
  inputs.forEach(({ property }, at) => {
    if (!used.has(property)) {
      refuse(`inputs.${at}`, `no feature is made of "${property}"; take it out`);
    }
  });

  const width = features.windows.length * (lag + 1);
  const input = widthOf(model.input);
  if (input !== width) {
    refuse(
      "model.input",
      `tensor "${model.input.tensor}" takes ${input} numbers a window, and ${features.windows.length} features with lag ${lag} give ${width}`,
    );
  }
  const outputs: [name: string, tensor: TensorShape | undefined, width: number][] = [
    ["score", model.outputs.score, 1],
    ["contributions", model.outputs.contributions, inputs.length],
    ["expected", model.outputs.expected, inputs.length],
  ];
  const batched = model.input.shape[0] === "batch";
  const batchWords = batched ? "begins with" : "does not begin with";
  if (model.input.shape.lastIndexOf("batch") > 0) {
    refuse("model.input.shape", 'may say "batch" in its first place only');
  }
  for (const [name, tensor, wanted] of outputs) {
    if (tensor === undefined) continue;
    if (widthOf(tensor) !== wanted) {
      refuse(
        `model.outputs.${name}`,
        `tensor "${tensor.tensor}" gives ${widthOf(tensor)} numbers a window, and ${wanted} are meant: ${name === "score" ? "one score" : "one for each input"}`,
      );
    }
    const fits = batched ? tensor.shape[0] === "batch" : !tensor.shape.includes("batch");
    if (!fits || tensor.shape.lastIndexOf("batch") > 0) {
      refuse(
        `model.outputs.${name}.shape`,
        `must begin with "batch" exactly when the input does; the input ${batchWords} it`,
      );
    }
  }
  return problems;
}
