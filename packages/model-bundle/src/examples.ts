/** Examples of a bundle: whether they fit the model's shapes, and whether what came out is what was written down. */
import type { Example, Examples, Manifest, TensorShape } from "./manifest.ts";
import type { BundleProblem } from "./problem.ts";

/** Numbers a window has in a tensor: all sizes but the batch. */
export function widthOf({ shape }: TensorShape): number {
  return shape.reduce<number>((product, size) => (size === "batch" ? product : product * size), 1);
}

export function exampleProblems(examples: Examples, manifest: Manifest): readonly BundleProblem[] {
  const problems: BundleProblem[] = [];
  const { input, outputs } = manifest.model;
  examples.windows.forEach((window, at) => {
    const place = `${manifest.examples}: windows[${at}]`;
    const fits = (name: string, found: readonly number[] | undefined, wanted: number): void => {
      if (found === undefined || found.length === wanted) return;
      problems.push({
        where: `${place}.${name}`,
        what: `has ${found.length} numbers, and the model's tensor ${wanted} a window; write the example again with this model`,
      });
    };
    fits("input", window.input, widthOf(input));
    fits(
      "contributions",
      window.contributions,
      outputs.contributions ? widthOf(outputs.contributions) : 0,
    );
    fits("expected", window.expected, outputs.expected ? widthOf(outputs.expected) : 0);
  });
  return problems;
}

/** What the model gave for one window. Empty where the manifest names no such output. */
export interface Answer {
  readonly score: number;
  readonly contributions: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
}

/** Every example whose answer lies further off than the bundle allows, in words. */
export function compareAnswers(
  examples: Examples,
  answers: readonly Answer[],
  manifest: Manifest,
): readonly BundleProblem[] {
  const problems: BundleProblem[] = [];
  const { outputs } = manifest.model;
  examples.windows.forEach((window, at) => {
    const answer = answers[at];
    const differs = differenceOf(window, answer, examples.tolerance);
    if (differs === undefined) return;
    const tensor = outputs[differs.output]?.tensor ?? outputs.score.tensor;
    problems.push({
      where: `${manifest.examples}: windows[${at}]`,
      what: `tensor "${tensor}" gave ${number(differs.found)} and ${number(differs.wanted)} is written; the examples and the model are not of one training: build the bundle again`,
    });
  });
  return problems;
}

interface Difference {
  readonly output: "score" | "contributions" | "expected";
  readonly found: number;
  readonly wanted: number;
}

function differenceOf(
  window: Example,
  answer: Answer | undefined,
  tolerance: number,
): Difference | undefined {
  if (answer === undefined) return { output: "score", found: NaN, wanted: window.score };
  const pairs: [
    output: Difference["output"],
    found: ArrayLike<number>,
    wanted: readonly number[],
  ][] = [
    ["score", [answer.score], [window.score]],
    ["contributions", answer.contributions, window.contributions ?? []],
    ["expected", answer.expected, window.expected ?? []],
  ];
  for (const [output, found, all] of pairs) {
    for (const [index, wanted] of all.entries()) {
      const each = found[index] ?? NaN;
      // Written so that NaN, which is near to nothing, counts as a difference.
      const near = Math.abs(each - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
      if (!near) return { output, found: each, wanted };
    }
  }
  return undefined;
}

function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}
