/** Plays a scenario from a seed, lets everything come to rest, and judges what the hub holds. */
import { silentLog, type Log } from "@millwright/kit";
import { judge, type Scenario, type ScenarioFault, type Verdict } from "@millwright/scenario";
import type { LedgerEntry, LossReason } from "@millwright/wire-contract";

import { openPlant, type Edge, type Plant } from "./plant.ts";
import { readHub } from "./stored-samples.ts";

/** The way of a poll and its answer, between the device's note and the ledger's range. */
const slackUs = 50_000;
/** How often it is looked whether a gateway holds something to be stored that is not (N4). */
const lookEveryMs = 200;
/** Longest wait of the link (30 s), a go-back (30 s) and a redelivery (30 s), twice over, and room. */
const restMsMax = 300_000;
/** Rest must last: an open ledger row is sealed at the latest after 10 s. */
const restMs = 15_000;
/** For so long the hub is away, and gateways go on publishing, before the broker's store is lost. */
const storeLostAwayMs = 2_000;
/** No fault of a scenario puts a hub or a journal back, so nothing may be explained by that. */
const reasonsWithoutFault: readonly LossReason[] = [
  "hub restored",
  "restored copy",
  "journal lost",
];

export interface Outcome {
  /** Of all gateways together. */
  readonly verdict: Verdict;
  /** Each begins with the invariant of the no-loss protocol that does not hold. Must be empty. */
  readonly breaches: readonly string[];
  readonly playedMs: number;
  /** What the broker did to messages: refused, taken twice, forgotten. */
  readonly broker: Plant["broker"]["counters"];
}

/** @param log by the part that speaks; silent when absent */
export async function runScenario(
  scenario: Scenario,
  seed: number,
  log: (part: string, nowMs: () => number) => Log = () => silentLog,
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
      plant.clock
        .sleep(fault.atMs, never)
        .then(() => {
          log("fault", nowMs).info("sim.fault", { ...fault });
          return play(fault, plant);
        })
        .finally(() => lasting.count--),
    );
  }
  while (plant.clock.monotonicMs() < scenario.forMs || lasting.count > 0) {
    await plant.clock.advance(lookEveryMs);
    await lookAtMarks(plant, breaches);
  }
  await Promise.all(playing);

  for (const { device } of plant.edges) device.fallQuiet();
  await comeToRest(plant, breaches);
  const verdict = await judgeAll(plant, breaches);
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

const never = new AbortController().signal;

/** Ends when the fault is over. */
async function play(fault: ScenarioFault, plant: Plant): Promise<void> {
  const { clock, random, edges, broker, database, hub } = plant;
  const wait = (ms: number): Promise<void> => clock.sleep(ms, never);
  /** Whoever looks after a process starts it again within this time. */
  const startAgainMs = 200 + random.int(2_000);
  switch (fault.kind) {
    case "kill":
      switch (fault.target) {
        // The program that looks after the runtime dies with its machine: both come back later.
        case "gateway":
          await restart(edges, startAgainMs * 2, wait);
          return;
        case "runtime":
          await restart(edges, startAgainMs, wait);
          return;
        case "hub":
          hub.kill();
          await wait(startAgainMs);
          hub.start();
          return;
        case "broker":
          broker.kill();
          await wait(startAgainMs);
          broker.start();
          return;
        case "database":
          database.kill();
          await wait(startAgainMs);
          database.start();
          return;
      }
      break;
    case "uplink-cut":
      for (const { road } of edges) road.takeOut(random.next() < 0.5);
      await wait(fault.forMs);
      for (const { road } of edges) road.putIn();
      return;
    case "device-away":
      for (const { device } of edges) device.leave();
      await wait(fault.forMs);
      for (const { device } of edges) device.comeBack();
      return;
    case "broker-store-lost":
      hub.kill();
      await wait(storeLostAwayMs);
      broker.kill();
      broker.forgetAll();
      await wait(startAgainMs);
      broker.start();
      hub.start();
      return;
    case "clock-step":
      for (const edge of edges) edge.clock.step(fault.byMs);
      return;
  }
}

async function restart(
  edges: readonly Edge[],
  afterMs: number,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  for (const { gateway } of edges) await gateway.kill();
  await wait(afterMs);
  for (const { gateway } of edges) await gateway.start();
}

/** N4: what a gateway holds to be stored, the hub has stored. */
async function lookAtMarks({ edges, database }: Plant, breaches: Set<string>): Promise<void> {
  for (const { gateway } of edges) {
    const id = gateway.options.gateway;
    const marks = await database.store.marks(id);
    for (const { epoch, lane, storedSeq } of await gateway.held()) {
      const mark = marks.find((one) => one.epoch === epoch && one.lane === lane);
      if (storedSeq <= (mark?.storedSeq ?? 0)) continue;
      breaches.add(
        `N4: ${id} holds frames of its ${lane} lane to be stored that the hub does not have`,
      );
    }
  }
}

/** N6: with all faults over, every lane's mark reaches the lane's head. */
async function comeToRest(plant: Plant, breaches: Set<string>): Promise<void> {
  const { clock, edges } = plant;
  const untilMs = clock.monotonicMs() + restMsMax;
  let restSinceMs = clock.monotonicMs();
  while (clock.monotonicMs() - restSinceMs < restMs) {
    if (clock.monotonicMs() >= untilMs) {
      for (const { gateway } of edges) {
        breaches.add(
          `N6: ${gateway.options.gateway} does not come to rest: ${await gateway.standing()}`,
        );
      }
      return;
    }
    await clock.advance(lookEveryMs);
    await lookAtMarks(plant, breaches);
    if (!edges.every(({ gateway }) => gateway.atRest)) restSinceMs = clock.monotonicMs();
  }
}

async function judgeAll(plant: Plant, breaches: Set<string>): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  for (const { gateway, device } of plant.edges) {
    const id = gateway.options.gateway;
    const { samples, entries } = await readHub(plant.database.store, id);
    const excuses = entries.filter((entry) => !reasonsWithoutFault.includes(entry.reason));
    const verdict = judge(device.produced, samples, excuses, slackUs);
    verdicts.push(verdict);
    chargeOnce(id, verdict, entries, device.charged, breaches);
    const known = await plant.database.store.gateway(id);
    for (const { mark, announced, stored, voided } of known?.balances ?? []) {
      if (announced === stored + voided) continue;
      breaches.add(
        `N10: ${id} ${mark.lane} announced ${announced}, stored ${stored}, void ${voided}`,
      );
    }
    if ((known?.quarantined ?? 0) > 0) breaches.add(`N2: ${id} has frames in quarantine`);
  }
  const verdict: Verdict = {
    produced: verdicts.reduce((sum, one) => sum + one.produced, 0),
    stored: verdicts.reduce((sum, one) => sum + one.stored, 0),
    explained: verdicts.reduce((sum, one) => sum + one.explained, 0),
    unexplained: verdicts.flatMap((one) => one.unexplained),
    doubled: verdicts.flatMap((one) => one.doubled),
    invented: verdicts.flatMap((one) => one.invented),
    disordered: verdicts.flatMap((one) => one.disordered),
  };
  const { unexplained, doubled, invented, disordered } = verdict;
  if (verdict.stored === 0) breaches.add("N1: nothing is stored at all");
  if (unexplained.length > 0) breaches.add(`N1: ${tell(unexplained)} neither stored nor explained`);
  if (doubled.length > 0) breaches.add(`N2: ${tell(doubled)} stored twice`);
  if (invented.length > 0) breaches.add(`N2: ${tell(invented)} stored and never produced`);
  if (disordered.length > 0) breaches.add(`N5: ${tell(disordered)} stored out of order`);
  return verdict;
}

/**
 * N3, where it can be decided: entries with an exact count together charge no more samples than are missing, those
 * included that the device never handed out. A range of time alone does not say how many samples it means.
 */
function chargeOnce(
  gateway: string,
  verdict: Verdict,
  entries: readonly LedgerEntry[],
  neverAnswered: number,
  breaches: Set<string>,
): void {
  const charged = entries.reduce(
    (sum, { count }) => sum + (count.kind === "exact" ? count.samples : 0),
    0,
  );
  const missing = verdict.explained + verdict.unexplained.length + neverAnswered;
  if (charged <= missing) return;
  breaches.add(`N3: ${gateway} is charged ${charged} samples, and at most ${missing} are missing`);
}

function tell(samples: readonly { readonly tag: string; readonly value: number }[]): string {
  const [first] = samples;
  return `${samples.length} samples (${first?.tag ?? ""} = ${first?.value ?? ""} first)`;
}
