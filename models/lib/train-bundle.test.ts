import { seededRandom } from "@millwright/kit";
import { loadBundle } from "@millwright/model-bundle";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { recipe as pump } from "../pump-health/train.ts";
import { folderData } from "./folder-data.ts";
import { episodesOf, limitOf, usualRange } from "./limits.ts";
import { playedData } from "./played-data.ts";
import type { Recipe } from "./recipe.ts";
import { trainBundle, writeTrained } from "./train-bundle.ts";

/** The shipped recipe with a few hours and one fault: as much as a test may take. */
const short: Recipe = {
  ...pump,
  played: { ...pump.played, faults: pump.played.faults.slice(0, 1) },
};
/** A window every two seconds, so that an hour is enough. */
const often: Recipe = { ...pump, features: { ...pump.features, everyRows: 2 } };
const size = { hours: 0.5, fitRuns: 1, calibrateRuns: 1, heldOutRuns: 1, faultyHours: 1 };

function newFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "train-"));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function silent(): void {
  // What is said is for the person who waits.
}

test("the same data give the same bundle byte for byte, and a gateway would take it", async (context) => {
  const lines: string[] = [];
  const trained = await trainBundle(short, playedData(short, size), "program", (line) =>
    lines.push(line),
  );
  const again = await trainBundle(short, playedData(short, size), "program", silent);
  assert.deepEqual(again, trained);
  const out = join(newFolder(context), "pump-health");
  writeTrained(out, trained);
  const { manifest, examples } = loadBundle(out);
  assert.equal(manifest.name, "pump-health");
  assert.equal(examples.windows.length, 10);
  assert.ok(trained.metrics.faults[0]?.found, "the bearing's wear is found");
  assert.equal(trained.metrics.faults[0].named[0], "bearingVibration");
  assert.ok(trained.metrics.exportError <= 1e-5);
  assert.ok(lines.some((line) => line.startsWith("fit 1: ")));
});

/** An hour of a pump that says everything each second, as an export has it. */
function historyOf(skip: (property: string, second: number) => boolean): string {
  const random = seededRandom("history");
  const lines = ["tag,time,value,status"];
  for (let second = 0; second < 3_600; second++) {
    for (const [at, { property }] of pump.inputs.entries()) {
      const value = (at + 1) * 10 + random.normal();
      if (skip(property, second)) continue;
      const time = new Date(Date.UTC(2026, 0, 5) + second * 1_000).toISOString();
      lines.push(`pump-1/${property},${time},${value.toFixed(3)},0`);
    }
  }
  return `${lines.join("\n")}\n`;
}

const tags = Object.fromEntries(
  pump.inputs.map(({ property }) => [property, `pump-1/${property}`]),
);

test("exported history trains as the plant does, split by time where it is one file", async (context) => {
  const folder = newFolder(context);
  writeFileSync(
    join(folder, "january.csv"),
    historyOf(() => false),
  );
  writeFileSync(join(folder, "tags.json"), JSON.stringify({ tags }));
  const data = await folderData(folder, often, false, silent);
  assert.deepEqual(
    [data.fit, data.calibrate, data.heldOut].map((runs) => runs.length),
    [3, 1, 1],
  );
  const { metrics, manifest } = await trainBundle(often, data, "program", silent);
  assert.ok(metrics.windows.fit > 700, String(metrics.windows.fit));
  assert.deepEqual(metrics.faults, []);
  assert.ok((manifest.inputs[1]?.trained.min ?? 0) < 20);
});

test("history that was thinned is refused with the input and the bound, and taken only when that is accepted", async (context) => {
  const folder = newFolder(context);
  const random = seededRandom("thinned");
  const thinned = historyOf((property) => property === "flow" && random.next() < 0.8);
  writeFileSync(join(folder, "january.csv"), thinned);
  writeFileSync(join(folder, "tags.json"), JSON.stringify({ tags }));
  await assert.rejects(
    folderData(folder, pump, false, silent),
    /flow: january.csv: intervals of .* thinned, values are known to within about .*\n.*recording/s,
  );
  const said: string[] = [];
  const data = await folderData(folder, pump, true, (line) => said.push(line));
  assert.ok(said.some((line) => /warning: .*flow/.test(line)));
  assert.match(data.description, /thinned on its way: flow/);
});

test("a folder, a file, a column and a tag that are missing are named, with what to do", async (context) => {
  const folder = newFolder(context);
  const data = (): Promise<unknown> => folderData(folder, pump, false, silent);
  await assert.rejects(
    folderData(join(folder, "no"), pump, false, silent),
    /there is no folder .*as DATA/,
  );
  await assert.rejects(data(), /no .parquet or .csv file/);
  writeFileSync(join(folder, "a.csv"), "when,value\n1,2\n");
  await assert.rejects(data(), /a.csv has no column "time"; it has when, value/);
  writeFileSync(join(folder, "a.csv"), "time,speed\n1,2\n2,3\n");
  await assert.rejects(
    data(),
    /a.csv holds nothing for motorCurrent \(column "motorCurrent"\).*tags.json/,
  );
  writeFileSync(join(folder, "tags.json"), '{"tag":{}}');
  await assert.rejects(data(), /tags.json: .*tag/s);
});

test("only stretches in a named state are trained on, and what is told on change holds until the next", async (context) => {
  const folder = newFolder(context);
  const one: Recipe = {
    ...pump,
    inputs: [
      { property: "speed", unit: "/min", point: "" },
      { property: "flow", unit: "m3/h", point: "" },
    ],
  };
  const lines = ["time,speed,flow,state"];
  for (let second = 0; second < 600; second++) {
    const state = second < 200 || second >= 400 ? 2 : 0;
    lines.push(`${second * 1_000_000},${second === 0 ? 2_900 : ""},${second},${state}`);
  }
  writeFileSync(join(folder, "a.csv"), `${lines.join("\n")}\n`);
  mkdirSync(join(folder, "ignored"));
  const state = { tag: "state", values: [2] };
  writeFileSync(
    join(folder, "tags.json"),
    JSON.stringify({ tags: {}, onChange: ["speed"], state }),
  );
  const data = await folderData(folder, one, false, silent);
  const runs = [...data.fit, ...data.calibrate, ...data.heldOut];
  const taken: (readonly [input: number, second: number, value: number])[] = [];
  for (const run of runs) run.play((input, us, value) => taken.push([input, us / 1e6, value]));
  const flows = taken.filter(([input]) => input === 1).map(([, second]) => second);
  assert.equal(flows.length, 400);
  assert.ok(flows.every((second) => second < 200 || second >= 400));
  const speeds = taken.filter(([input]) => input === 0);
  assert.ok(speeds.length >= 400 && speeds.every(([, , value]) => value === 2_900));
});

test("a limit of few windows keeps its distance, and comes closer as normal data accrue", () => {
  assert.equal(limitOf([1, 2], 13), 5);
  assert.equal(limitOf([1, 2], 5), 5);
  assert.ok(limitOf([1, 2], 1_300) < 2.4);
  assert.ok(limitOf([1, 2], 1e9) > 2);
});

test("an episode begins after k of n windows over the limit and ends below its lower edge", () => {
  const gate = { on: 1, off: 0.7, persistence: { k: 2, n: 3 } };
  assert.deepEqual(episodesOf([0, 1, 0, 1, 0.8, 0.9, 0.6, 1, 1, 0, 0, 1], gate), [3, 8]);
  assert.deepEqual(episodesOf([0, 2, 0, 0, 2, 0], gate), []);
});

test("what is usual is told with its shares, also of a value that never moves", () => {
  const moving = usualRange(
    Array.from({ length: 1_000 }, (_unused, at) => at),
    0.01,
    0.99,
  );
  assert.deepEqual(moving, { edges: [10, 990], shares: [0.01, 0.98, 0.01] });
  const still = usualRange([5, 5, 5], 0.01, 0.99);
  assert.deepEqual(still.shares, [0, 1, 0]);
  assert.ok((still.edges[0] ?? 5) < 5 && (still.edges[1] ?? 5) > 5);
});
