/** The bundles that are shipped: whole, and answering as they say. */
import { loadBundle } from "@millwright/model-bundle";
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";

const models = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(models).filter((name) => existsSync(join(models, name, "train.ts")));

test("a bundle is shipped for each machine of the plant", () => {
  const types = names.map((name) => loadBundle(join(models, name)).manifest.assetType);
  for (const type of ["motor-pump", "spindle", "press", "oven"]) assert.ok(types.includes(type));
});

for (const name of names) {
  test(`${name} is whole, trained by the program beside it, and answers its examples`, async () => {
    const { bytes, examples } = loadBundle(join(models, name));
    const session = await InferenceSession.create(bytes);
    for (const { input, ...wanted } of examples.windows) {
      const window = new Tensor("float32", Float32Array.from(input), [1, input.length]);
      const answer = await session.run({ window });
      for (const [output, values] of Object.entries(wanted)) {
        [values].flat().forEach((value, at) => {
          const got = Number(answer[output]?.data[at]);
          const size = Math.max(1, Math.abs(value ?? NaN));
          assert.ok(
            Math.abs(got - (value ?? NaN)) <= examples.tolerance * size,
            `${output}: ${got}`,
          );
        });
      }
    }
    await session.release();
  });
}
