/**
 * `make train MODEL=pump-health [DATA=folder] [OUT=folder] [THINNED=accept]`: trains one bundle and writes it. Without DATA it is trained on
 * the virtual plant, as the shipped one was; DATA is a folder of exported history (docs/train-a-model.md).
 */
import { loadBundle } from "@millwright/model-bundle";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { folderData } from "./lib/folder-data.ts";
import { playedData, shippedSize } from "./lib/played-data.ts";
import type { Recipe } from "./lib/recipe.ts";
import { TrainingRefused } from "./lib/refused.ts";
import { trainBundle, writeTrained } from "./lib/train-bundle.ts";

const models = fileURLToPath(new URL(".", import.meta.url));

try {
  await main();
} catch (failure) {
  // A refusal is for the person who typed the command; anything else is ours to mend and keeps its trace.
  if (!(failure instanceof TrainingRefused)) throw failure;
  process.stderr.write(`train: ${failure.message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      data: { type: "string" },
      out: { type: "string" },
      thinned: { type: "string" },
    },
  });
  const name = values.model ?? "";
  const program = join(models, name, "train.ts");
  if (name === "" || !existsSync(program)) {
    const known = readdirSync(models).filter((each) => existsSync(join(models, each, "train.ts")));
    throw new TrainingRefused(
      `there is no model "${name}"; there are ${known.join(", ")}: make train MODEL=${known[0]}`,
    );
  }
  const begunMs = performance.now();
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - begunMs) / 1_000);
    process.stdout.write(`train ${name} ${seconds} s: ${line}\n`);
  };
  const { recipe } = (await import(program)) as { readonly recipe: Recipe };
  const data =
    values.data === undefined
      ? playedData(recipe, shippedSize)
      : await folderData(resolve(values.data), recipe, values.thinned === "accept", say);
  const out = resolve(values.out ?? join(models, name));
  const trained = await trainBundle(recipe, data, readFileSync(program, "utf8"), say);
  writeTrained(out, trained);
  loadBundle(out);
  say(`written to ${out}`);
}
