import { seededRandom } from "@millwright/kit";
import { encodeModel, GraphBuilder, treeEnsemble } from "@millwright/onnx";
import assert from "node:assert/strict";
import { test } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { Autoencoder } from "./autoencoder.ts";
import { Boosting } from "./boosting.ts";
import { checkExport } from "./check-export.ts";
import type { Detector, FeatureMap } from "./detector.ts";
import { DynamicPca } from "./dynamic-pca.ts";
import { IsolationForest } from "./isolation-forest.ts";
import { Mahalanobis } from "./mahalanobis.ts";
import { eigenOf, inverseOf, times } from "./matrix.ts";

/** Six numbers of three inputs, moved by two causes, of very different sizes. */
function windowsOf(seed: string, count: number): readonly Float64Array[] {
  const random = seededRandom(seed);
  const sizes = [1, 1, 50, 50, 2_900, 2_900];
  return Array.from({ length: count }, () => {
    const causes = [random.normal(), random.normal()];
    return Float64Array.from(
      sizes,
      (size, at) => size * (2 + 0.05 * (causes[at % 2] ?? 0) + 0.003 * random.normal()),
    );
  });
}

const map: FeatureMap = { inputOf: [0, 0, 1, 1, 2, 2], shownBy: [0, 2, 4] };
const normal = windowsOf("normal", 400);
const unseen = windowsOf("unseen", 100);
/** The second input goes where it never was together with the others. */
const odd = unseen.map((window) => window.map((value, at) => (at === 2 ? value + 20 : value)));

async function fitted(kind: string): Promise<Detector> {
  const random = seededRandom("fit");
  switch (kind) {
    case "Mahalanobis":
      return new Mahalanobis(normal, map, 0.05);
    case "dynamic PCA":
      return new DynamicPca(normal, map);
    default:
      return Autoencoder.fit(normal, map, random, 6, () => undefined);
  }
}

for (const kind of ["Mahalanobis", "dynamic PCA", "autoencoder"]) {
  test(`${kind}: the exported graph answers as the program does, and the same data give the same file`, async () => {
    const detector = await fitted(kind);
    assert.ok((await checkExport(detector, [...unseen, ...odd])) <= 1e-5);
    const bytes = encodeModel(detector.toModel());
    assert.deepEqual(encodeModel((await fitted(kind)).toModel()), bytes);
  });

  test(`${kind}: what is odd scores above all that is normal, and the input that is odd is named`, async () => {
    const detector = await fitted(kind);
    const highest = Math.max(...unseen.map((window) => detector.answer(window).score));
    for (const window of odd) {
      const { score, contributions, expected } = detector.answer(window);
      assert.ok(score > highest, `${score} above ${highest}`);
      assert.equal(contributions.indexOf(Math.max(...contributions)), 1);
      assert.ok(Math.min(...contributions) >= 0);
      const before = (window[2] ?? 0) - 20;
      assert.ok(Math.abs((expected[1] ?? 0) - before) < 12, `${expected[1]}, was ${before}`);
    }
  });
}

test("an export that does not say what training said is refused with the number that differs", async () => {
  const real = new Mahalanobis(normal, map, 0.05);
  const lying: Detector = {
    answer: (window) => ({ ...real.answer(window), score: 1.001 * real.answer(window).score }),
    toModel: () => real.toModel(),
  };
  await assert.rejects(checkExport(lying, unseen), /score .* in window 0/);
});

test("an isolation forest exports what it says", async () => {
  const forest = new IsolationForest(normal, seededRandom("forest"));
  const session = await InferenceSession.create(encodeModel(forest.toModel()));
  const flat = Float32Array.from(odd.flatMap((window) => [...window]));
  const ran = await session.run({ window: new Tensor("float32", flat, [odd.length, 6]) });
  await session.release();
  const scores = [...(ran["score"]?.data as Float32Array)];
  odd.forEach((window, at) => {
    assert.ok(Math.abs(forest.score(window) - (scores[at] ?? NaN)) < 1e-5);
  });
  const again = new IsolationForest(normal, seededRandom("forest"));
  assert.deepEqual(encodeModel(again.toModel()), encodeModel(forest.toModel()));
});

test("boosted trees learn what bends, and export what they say", async () => {
  const random = seededRandom("boosting");
  const rows = Array.from({ length: 800 }, () =>
    Float64Array.from({ length: 3 }, () => 4 * random.next() - 2),
  );
  const bent = (row: Float64Array): number =>
    Math.abs(row[0] ?? 0) + ((row[1] ?? 0) > 0 ? 2 : 0) + 0.05 * random.normal();
  const boosting = new Boosting(rows, Float64Array.from(rows, bent), seededRandom("trees"));
  const wrong = rows.map((row) => (boosting.estimate(row) - bent(row)) ** 2);
  const rmse = Math.sqrt(wrong.reduce((sum, each) => sum + each, 0) / wrong.length);
  assert.ok(rmse < 0.15, String(rmse));
  const graph = new GraphBuilder();
  const window = graph.input("window", ["batch", 3]);
  const attributes = treeEnsemble(boosting.trees, boosting.base);
  graph.node("TreeEnsembleRegressor", "score", [window], attributes, "ai.onnx.ml");
  graph.output("score", ["batch", 1]);
  const session = await InferenceSession.create(encodeModel(graph.build("boosting", "")));
  const flat = Float32Array.from(rows.flatMap((row) => [...row]));
  const ran = await session.run({ window: new Tensor("float32", flat, [rows.length, 3]) });
  await session.release();
  const scores = [...(ran["score"]?.data as Float32Array)];
  rows.forEach((row, at) => {
    assert.ok(Math.abs(boosting.estimate(row) - (scores[at] ?? NaN)) < 1e-5);
  });
});

test("an inverse times its matrix is the identity, and eigenvectors are turned into themselves", () => {
  const matrix = [
    [4, 1, 0.5],
    [1, 3, 0.2],
    [0.5, 0.2, 2],
  ].map((row) => Float64Array.from(row));
  const inverse = inverseOf(matrix);
  const { values, vectors } = eigenOf(matrix);
  matrix.forEach((row, at) => {
    times(row, inverse).forEach((value, place) => {
      assert.ok(Math.abs(value - (place === at ? 1 : 0)) < 1e-12);
    });
    const vector = vectors[at] ?? new Float64Array(3);
    times(vector, matrix).forEach((value, place) => {
      assert.ok(Math.abs(value - (values[at] ?? NaN) * (vector[place] ?? NaN)) < 1e-10);
    });
  });
  assert.throws(() => inverseOf([Float64Array.of(0)]), /shrink it more/);
});
