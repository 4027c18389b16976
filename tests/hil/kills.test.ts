import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";
import { randomKills } from "@millwright/scenario";

import { summaryOf } from "./summary.ts";
import { Rig } from "./rig.ts";
import { runScenario } from "./run-scenario.ts";

/** What the promise is tested with; a short run plays fewer and says so. */
const fullKills = 50;
const kills = process.env["SHORT"] === "1" ? 6 : fullKills;
const seed = Number(process.env["SEED"] ?? randomInt(1_000_000));

test(`after ${kills} of ${fullKills} kills of random processes every sample is stored once or explained (SEED=${seed})`, async (t) => {
  const scenario = randomKills(kills, seededRandom(seed));
  const { tagsPerGateway, everyMs, commitEveryMs } = scenario.topology;
  const rig = await Rig.open(t, { tags: tagsPerGateway, everyMs, commitEveryMs });
  await rig.startHub();
  await rig.startGateway();

  const killed = scenario.faults.map((fault) => (fault.kind === "kill" ? fault.target : ""));
  t.diagnostic(`seed ${seed}: ${killed.join(", ")}`);
  const { verdict, hubUnexplained } = await runScenario(scenario, rig).catch((failure: unknown) => {
    for (const line of rig.lines) t.diagnostic(line);
    throw failure;
  });
  t.diagnostic(summaryOf(verdict));
  t.diagnostic(`ended by themselves: ${rig.endedByThemselves.join(", ") || "none"}`);

  assert.deepEqual(verdict.unexplained, []);
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
  assert.ok(verdict.stored > verdict.explained, "most samples are stored, not explained away");
});
