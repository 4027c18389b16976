/**
 * Plays the named scenarios and random ones, and says which seed is red. `SEED=n` plays one seed and shows what every
 * part logs, `SEEDS=n` so many, `SHORT=1` forty.
 */
import { seededRandom, type Log } from "@millwright/kit";
import { clocks, restores, scenarios } from "@millwright/scenario";

import { controlRestMs, controls } from "./controls.ts";
import { playSeeds, type PlayedSeed } from "./play-seeds.ts";
import { randomScenario } from "./random-scenario.ts";
import { runScenario, type Outcome } from "./run-scenario.ts";

/** What each change plays (reliability, "protocol simulation"): half an hour on two cores. */
const seedsDefault = 10_000;
const seedsShort = 40;

if (setting("SEED") === undefined) await playMany();
else await playOne(number("SEED", 0));

async function playOne(seed: number): Promise<void> {
  const scenario = randomScenario(seededRandom(seed));
  process.stdout.write(`${JSON.stringify(scenario, undefined, 2)}\n`);
  const outcome = await runScenario(scenario, seed, (part, nowMs) => logOf(part, nowMs));
  tellOutcome(outcome);
  if (outcome.breaches.length > 0) process.exitCode = 1;
}

async function playMany(): Promise<void> {
  const seeds = number("SEEDS", setting("SHORT") === undefined ? seedsDefault : seedsShort);
  const beganMs = performance.now();
  let red = 0;
  let playedMs = 0;
  let samples = 0;
  const count = (what: string, { breaches, ...played }: Omit<PlayedSeed, "seed">): void => {
    playedMs += played.playedMs;
    samples += played.samples;
    if (breaches.length === 0) return;
    red++;
    process.stdout.write(`${what}\n${breaches.map((breach) => `  ${breach}\n`).join("")}`);
  };

  const named = [...scenarios, ...clocks, ...restores];
  for (const scenario of named) {
    const { verdict, ...outcome } = await runScenario(scenario, 1);
    count(`red: "${scenario.name}", seed 1`, { ...outcome, samples: verdict.produced });
  }
  await playSeeds(seeds, ({ seed, ...played }) => {
    count(`red: make sim SEED=${seed}`, played);
  });
  for (const { scenario, seed, breaks } of controls) {
    const { breaches } = await runScenario(scenario, seed, undefined, controlRestMs);
    if (breaks.every((one) => breaches.some((breach) => breach.startsWith(`${one}:`)))) continue;
    red++;
    const off = scenario.without?.join(" and ") ?? "";
    process.stdout.write(
      `red: without ${off} "${scenario.name}" should break ${breaks.join(" and ")}: ${breaches.join("; ")}\n`,
    );
  }

  const tookS = Math.round((performance.now() - beganMs) / 1_000);
  process.stdout.write(
    `${named.length} named scenarios, ${seeds} seeds, ${controls.length} controls: ${red} red; ` +
      `${samples} samples, ${Math.round(playedMs / 60_000)} min played in ${tookS} s\n`,
  );
  if (red > 0) process.exitCode = 1;
}

function tellOutcome({ verdict, breaches, playedMs, broker }: Outcome): void {
  const { produced, stored, explained } = verdict;
  process.stdout.write(
    `${produced} produced, ${stored} stored, ${explained} explained in ${playedMs} ms; ` +
      `broker: ${JSON.stringify(broker)}\n`,
  );
  process.stdout.write(breaches.length === 0 ? "green\n" : `red\n  ${breaches.join("\n  ")}\n`);
}

/** One line for each thing said, with the played time. */
function logOf(part: string, nowMs: () => number): Log {
  const say = (event: string, fields: object = {}): void => {
    process.stdout.write(`${Math.round(nowMs())} ms ${part} ${event} ${JSON.stringify(fields)}\n`);
  };
  return {
    error: say,
    warn: say,
    info: say,
    debug: () => undefined,
    child: () => logOf(part, nowMs),
  };
}

/** `make` hands over what was not given as an empty text. */
function setting(name: string): string | undefined {
  const text = process.env[name];
  return text === "" ? undefined : text;
}

function number(name: string, otherwise: number): number {
  const text = setting(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new Error(`${name} is "${text}" and must be a whole number`);
  }
  return value;
}
