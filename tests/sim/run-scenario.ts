/** Plays a scenario from a seed, lets everything come to rest, and judges what the hub holds. */
import { silentLog, type Log } from "@millwright/kit";
import type { Scenario, Verdict } from "@millwright/scenario";
import { judgeAll } from "./judge-all.ts";
import { pause } from "./pause.ts";
import { playFault } from "./play-fault.ts";
import { openPlant, type Plant } from "./plant.ts";

/** How often it is looked whether a gateway holds something to be stored that is not (N4). */
const lookEveryMsUsual = 200;
/** Longest wait of the link (30 s), a go-back (30 s) and a redelivery (30 s), twice over, and room. */
const restMsUsual = 300_000;
/** Rest must last: an open ledger row is sealed at the latest after 10 s. */
const restMs = 15_000;
export interface Outcome {
  /** Of all gateways together. */
  readonly verdict: Verdict;
  /** Each begins with the invariant of the no-loss protocol that does not hold. Must be empty. */
  readonly breaches: readonly string[];
  readonly playedMs: number;
  /** What the broker did to messages: refused, taken twice, forgotten. */
  readonly broker: Plant["broker"]["counters"];
}

/**
 * @param log by the part that speaks; silent when absent
 * @param restMsMax longest time until everything has come to rest
 */
export async function runScenario(
  scenario: Scenario,
  seed: number,
  log: (part: string, nowMs: () => number) => Log = () => silentLog,
  restMsMax = restMsUsual,
): Promise<Outcome> {
  let nowMs = (): number => 0;
  await using plant = await openPlant(scenario, seed, (part) => log(part, () => nowMs()));
  nowMs = () => plant.clock.monotonicMs();
  const breaches = new Set<string>();

  const faults = scenario.faults.toSorted((a, b) => a.atMs - b.atMs);
  const playing: Promise<void>[] = [];
  const lasting = { count: 0 };
  for (const fault of faults) {
    lasting.count++;
    playing.push(
      pause(plant.clock, fault.atMs)
        .then(() => {
          log("fault", nowMs).info("sim.fault", { ...fault });
          return playFault(fault, plant);
        })
        .finally(() => lasting.count--),
    );
  }
  while (plant.clock.monotonicMs() < scenario.forMs || lasting.count > 0) {
    await plant.clock.advance(scenario.lookEveryMs ?? lookEveryMsUsual);
    await lookAtMarks(plant, breaches);
  }
  await Promise.all(playing);

  for (const { gateway } of plant.edges) gateway.fallQuiet();
  await comeToRest(plant, breaches, restMsMax);
  const verdict = await judgeAll(scenario, plant, breaches);
  for (const breach of [...plant.orderBreaches, ...plant.values.breaches]) breaches.add(breach);
  for (const { gateway } of plant.edges) {
    gateway.checkBalance();
    for (const what of gateway.broken) breaches.add(what);
  }
  return {
    verdict,
    breaches: [...breaches],
    playedMs: plant.clock.monotonicMs(),
    broker: plant.broker.counters,
  };
}

/** N4: what a gateway holds to be stored, the hub has stored. N8: its file is within its budget. */
async function lookAtMarks({ edges, database }: Plant, breaches: Set<string>): Promise<void> {
  for (const { gateway } of edges) {
    const id = gateway.options.gateway;
    const marks = await database.store.marks(id);
    if (!gateway.withinBudget) breaches.add(`N8: the journal of ${id} is larger than it may be`);
    for (const { epoch, lane, storedSeq } of await gateway.held(database.store.current)) {
      const mark = marks.find((one) => one.epoch === epoch && one.lane === lane);
      if (storedSeq <= (mark?.storedSeq ?? 0)) continue;
      breaches.add(
        `N4: ${id} holds frames of its ${lane} lane to be stored that the hub does not have`,
      );
    }
  }
}

/** N6: with all faults over, every lane's mark reaches the lane's head. */
async function comeToRest(plant: Plant, breaches: Set<string>, restMsMax: number): Promise<void> {
  const { clock, edges } = plant;
  const untilMs = clock.monotonicMs() + restMsMax;
  let restSinceMs = clock.monotonicMs();
  while (clock.monotonicMs() - restSinceMs < restMs) {
    if (clock.monotonicMs() >= untilMs) {
      for (const { gateway } of edges) {
        if (gateway.atRest) continue;
        breaches.add(
          `N6: ${gateway.options.gateway} does not come to rest: ${await gateway.standing()}`,
        );
      }
      return;
    }
    await clock.advance(lookEveryMsUsual);
    await lookAtMarks(plant, breaches);
    if (!edges.every(({ gateway }) => gateway.atRest)) restSinceMs = clock.monotonicMs();
  }
}
