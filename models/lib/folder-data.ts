import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Recipe } from "./recipe.ts";
import { stretchesOf, type InputSamples } from "./stretches.ts";
import { thinningOf } from "./thinning.ts";
import type { TrainingData, TrainingRun } from "./training-run.ts";
import { TrainingRefused } from "./refused.ts";

/** `tags.json` beside the exported files: which tag stands for which input. */
interface TagsFile {
  readonly tags: Readonly<Record<string, string>>;
  /** Inputs that were told when they changed only: their value holds exactly until the next. */
  readonly onChange: readonly string[];
  /** Only while this tag has one of these values. */
  readonly state?: { readonly tag: string; readonly values: readonly number[] } | undefined;
}

const tagsFile: z.ZodType<TagsFile> = z.strictObject({
  tags: z.record(z.string(), z.string()),
  onChange: z.array(z.string()).default([]),
  state: z.strictObject({ tag: z.string(), values: z.array(z.number()).min(1) }).optional(),
});

/**
 * Reads history that was exported from the hub: Parquet or CSV files, each a run of its own, with the columns `tag`, `time`,
 * `value` and, where there is one, `status`; or CSV with `time` and a column for each input. All of it is taken for normal.
 *
 * @param acceptThinned go on where an input was dead-banded or thinned on its way, and say so
 * @throws TrainingRefused with every problem of the folder
 */
export async function folderData(
  folder: string,
  recipe: Recipe,
  acceptThinned: boolean,
  say: (line: string) => void,
): Promise<TrainingData> {
  if (!existsSync(folder)) {
    throw new TrainingRefused(
      `there is no folder ${folder}: give the folder of the exported history as DATA`,
    );
  }
  const files = readdirSync(folder)
    .filter((name) => /\.(parquet|csv)$/.test(name))
    .toSorted();
  if (files.length === 0) {
    throw new TrainingRefused(
      `there is no .parquet or .csv file in ${folder}: export the tags of one asset there (docs/train-a-model.md)`,
    );
  }
  const named = readTags(folder, recipe);
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await connection.run("set TimeZone = 'UTC'");
    const stretches: TrainingRun[][] = [];
    const bounds = new Map<string, string>();
    for (const file of files) {
      const inputs = await readFile(connection, folder, file, recipe, named);
      recipe.inputs.forEach(({ property }, at) => {
        const samples = inputs.samples[at];
        if (samples === undefined || named.onChange.includes(property)) return;
        const thinned = thinningOf(samples, recipe.features.gridMs);
        if (thinned !== undefined) bounds.set(property, `${file}: ${thinned}`);
      });
      const found = stretchesOf(file, inputs, recipe, named);
      say(
        `${file}: ${inputs.samples.reduce((sum, { us }) => sum + us.length, 0)} samples in ${found.length} stretches`,
      );
      stretches.push([...found]);
    }
    judgeThinned(bounds, acceptThinned, say);
    return split(folder, stretches, files.length, bounds);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function judgeThinned(
  bounds: ReadonlyMap<string, string>,
  accepted: boolean,
  say: (line: string) => void,
): void {
  if (bounds.size === 0) return;
  const lines = [...bounds].map(([property, bound]) => `  ${property}: ${bound}`);
  if (!accepted) {
    throw new TrainingRefused(
      `the history is not what the gateway scores, because values were left out on its way:\n${lines.join("\n")}\n` +
        "Order a recording of these tags and export that, name inputs that are told on change in tags.json (onChange), or go on all the same with THINNED=accept.",
    );
  }
  for (const line of lines) say(`warning: trained on thinned history:${line}`);
}

function readTags(folder: string, recipe: Recipe): TagsFile {
  const path = join(folder, "tags.json");
  const same = Object.fromEntries(recipe.inputs.map(({ property }) => [property, property]));
  if (!existsSync(path)) return { tags: same, onChange: [] };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (failure) {
    throw new TrainingRefused(`${path} is not JSON: ${String(failure)}`);
  }
  const parsed = tagsFile.safeParse(content);
  if (!parsed.success) throw new TrainingRefused(`${path}: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data, tags: { ...same, ...parsed.data.tags } };
}

/** The samples of one file by input, and those of the state. */
async function readFile(
  connection: DuckDBConnection,
  folder: string,
  file: string,
  recipe: Recipe,
  named: TagsFile,
): Promise<{
  readonly samples: readonly InputSamples[];
  readonly state: InputSamples | undefined;
}> {
  const path = `'${join(folder, file).replaceAll("'", "''")}'`;
  const source = file.endsWith(".csv") ? `read_csv(${path})` : `read_parquet(${path})`;
  // Read once: each input is then a look into memory.
  await rowsOf(connection, `create or replace temp table history as select * from ${source}`);
  const columns = (await rowsOf(connection, "describe history")).map((row) => ({
    name: String(row[0]),
    type: String(row[1]),
  }));
  const has = (name: string): boolean => columns.some((column) => column.name === name);
  const time = columns.find(({ name }) => name === "time");
  if (time === undefined) {
    throw new TrainingRefused(
      `${file} has no column "time"; it has ${columns.map(({ name }) => name).join(", ")}: export it again, or rename the column`,
    );
  }
  // Numbers are µs since 1970, as everywhere here; anything else is a date.
  const numeric = /INT|DOUBLE|FLOAT|DECIMAL/.test(time.type);
  const us = numeric ? "time::double" : "epoch_us(time::timestamptz)::double";
  const status = has("status") ? "coalesce(status, 0)::double" : "0.0";
  const long = has("tag") && has("value");
  const read = async (tag: string): Promise<InputSamples> => {
    const column = `"${tag.replaceAll('"', '""')}"`;
    const text = `'${tag.replaceAll("'", "''")}'`;
    const query = long
      ? `select ${us}, value::double, ${status} from history where tag = ${text} order by 1`
      : `select ${us}, ${column}::double, 0.0 from history where ${column} is not null order by 1`;
    const rows = long || has(tag) ? await rowsOf(connection, query) : [];
    return {
      us: Float64Array.from(rows, (row) => Number(row[0])),
      value: Float64Array.from(rows, (row) => (row[1] === null ? NaN : Number(row[1]))),
      // OPC UA severity, the two highest bits: 2 and 3 are bad.
      good: Uint8Array.from(rows, (row) => (Number(row[2]) >>> 30 < 2 ? 1 : 0)),
    };
  };
  const samples: InputSamples[] = [];
  for (const { property } of recipe.inputs)
    samples.push(await read(named.tags[property] ?? property));
  const missing = recipe.inputs.filter((_input, at) => samples[at]?.us.length === 0);
  if (missing.length > 0) {
    const list = missing.map(
      ({ property }) => `${property} (${long ? "tag" : "column"} "${named.tags[property]}")`,
    );
    throw new TrainingRefused(
      `${file} holds nothing for ${list.join(", ")}: export these tags too, or say in tags.json which tag stands for the input`,
    );
  }
  return { samples, state: named.state === undefined ? undefined : await read(named.state.tag) };
}

async function rowsOf(connection: DuckDBConnection, query: string): Promise<readonly unknown[][]> {
  try {
    return (await connection.runAndReadAll(query)).getRowsJS();
  } catch (failure) {
    throw new TrainingRefused(`the history cannot be read: ${String(failure)}`);
  }
}

/** By file where there are three or more; else by time. Never by row. */
function split(
  folder: string,
  stretches: readonly (readonly TrainingRun[])[],
  files: number,
  bounds: ReadonlyMap<string, string>,
): TrainingData {
  const parts = stretches.flat().flatMap((run) => inParts(run));
  const all = files >= 3 ? stretches : parts.map((part) => [part]);
  const first = Math.max(1, Math.floor(0.6 * all.length));
  const second = Math.max(first + 1, Math.floor(0.8 * all.length));
  const thinned = bounds.size === 0 ? "" : `; thinned on its way: ${[...bounds.keys()].join(", ")}`;
  return {
    description: `${files} files of exported history in "${folder.split("/").at(-1)}", all taken for normal${thinned}`,
    fit: all.slice(0, first).flat(),
    calibrate: all.slice(first, second).flat(),
    heldOut: all.slice(second).flat(),
    faulty: [],
  };
}

/** Fifths of one stretch, each a run of its own. */
function inParts(run: TrainingRun): readonly TrainingRun[] {
  let fromUs = Infinity;
  let toUs = -Infinity;
  run.play((_input, us) => {
    fromUs = Math.min(fromUs, us);
    toUs = Math.max(toUs, us);
  });
  const partUs = (toUs - fromUs) / 5;
  return Array.from({ length: 5 }, (_unused, part) => ({
    name: `${run.name}, part ${part + 1} of 5`,
    play: (take) => {
      run.play((input, us, value, good) => {
        const own = Math.min(4, Math.floor((us - fromUs) / partUs));
        if (own === part) take(input, us, value, good);
      });
    },
  }));
}
