/**
 * `make hil-night`: round after round of random faults on real processes, for as long as was asked. Each round is made
 * from a seed, which is printed first; SEED=n begins with that one. Ends with the first broken promise.
 */
import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { seededRandom, type Random } from "@millwright/kit";
import { programs } from "@millwright/launcher";
import { randomKills, type Scenario } from "@millwright/scenario";

import { command } from "./command.ts";
import { Rig } from "./rig.ts";
import { runScenario, type Outcome } from "./run-scenario.ts";
import { summaryOf } from "./summary.ts";

const hours = Number(process.env["HOURS"] ?? 8);
if (!(hours > 0 && hours <= 168)) throw new Error("HOURS is a number above 0, at most a week");
const firstSeed = process.env["SEED"] ?? "";
const endMs = performance.now() + hours * 3_600_000;
/** Kills in one round; a round then takes some minutes and its folder some megabytes. */
const killsMin = 5;
const killsMax = 40;

/** Kills, and between them whatever else can happen to a plant of this kind. */
function randomRound(random: Random): Scenario {
  const kills = killsMin + random.int(killsMax - killsMin);
  const scenario = randomKills(kills, random);
  const { faults, forMs } = scenario;
  const more = [
    { kind: "device-away", atMs: random.int(forMs), forMs: 500 + random.int(10_000) },
    { kind: "broker-store-lost", atMs: random.int(forMs) },
  ] as const;
  const added = more.filter(() => random.int(2) === 0);
  return { ...scenario, faults: [...faults, ...added] };
}

async function playRound(seed: number): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const scenario = randomRound(random);
  const hubIsLost = random.int(3) === 0;
  const ends: (() => unknown)[] = [];
  try {
    const { tagsPerGateway, everyMs, commitEveryMs } = scenario.topology;
    const rig = await Rig.open(
      { after: (end) => ends.push(end as () => unknown) },
      {
        ...{ tags: tagsPerGateway, everyMs, commitEveryMs, keepRawHours: 1 / 360 },
        hub: { releaseBelow: "backup", backup: { folder: "backups", everyHours: 1_000 } },
      },
    );
    await rig.startHub();
    await rig.startGateway();
    const outcome = await runScenario(
      scenario,
      rig,
      hubIsLost ? () => loseHub(rig) : undefined,
    ).catch((failure: unknown) => {
      for (const line of rig.lines) console.log(`  ${line}`);
      throw failure;
    });
    const kinds = scenario.faults.map((fault) =>
      fault.kind === "kill" ? fault.target : fault.kind,
    );
    console.log(
      `  ${kinds.length} faults${hubIsLost ? ", hub restored" : ""}: ${summaryOf(outcome.verdict)}`,
    );
    const broken = brokenOf(outcome);
    if (broken.length > 0) for (const line of rig.lines) console.log(`  ${line}`);
    return broken;
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** A backup, the loss of the database, and a restore. */
async function loseHub(rig: Rig): Promise<void> {
  const to = join(rig.folder, "by-hand");
  mkdirSync(to, { recursive: true });
  await command(programs.hub, "backup", "--settings", rig.hubSettings, "--to", to);
  await rig.stopHub();
  await command(programs.hub, "restore", "--settings", rig.hubSettings, "--from", to);
  await rig.startHub();
}

function brokenOf({ verdict, hubUnexplained }: Outcome): readonly string[] {
  const counts = {
    unexplained: verdict.unexplained.length,
    doubled: verdict.doubled.length,
    invented: verdict.invented.length,
    disordered: verdict.disordered.length,
    "unexplained at the hub": hubUnexplained,
  };
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${count} ${name}`);
}

let rounds = 0;
for (let seed = firstSeed === "" ? randomInt(2 ** 31) : Number(firstSeed); ; seed++) {
  console.log(`SEED=${seed}`);
  const broken = await playRound(seed);
  rounds++;
  if (broken.length > 0) {
    console.log(`broken: ${broken.join(", ")}. Again: make hil-night SEED=${seed}`);
    process.exit(1);
  }
  if (performance.now() > endMs) break;
}
console.log(`${rounds} rounds in ${hours} h, every sample stored once or explained`);
