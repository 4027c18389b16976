import type { Random } from "@millwright/kit";
import type { Scenario, ScenarioFault, Target } from "@millwright/scenario";

const targets: readonly Target[] = ["gateway", "runtime", "hub", "broker", "database"];
const periodsMs: readonly number[] = [50, 100, 250, 1_000];
/** Two seconds. */
const keepRawHoursLittle = 2 / 3_600;
const commitsMs: readonly number[] = [50, 100, 500, 1_000];

/** Any faults at any moment, also at the same time. */
export function randomScenario(random: Random): Scenario {
  const forMs = 5_000 + random.int(15_000);
  const faults = Array.from({ length: random.int(8) }, () => randomFault(random, forMs));
  const topology = {
    gateways: 1 + random.int(2),
    tagsPerGateway: 1 + random.int(6),
    everyMs: pick(periodsMs, random),
    commitEveryMs: pick(commitsMs, random),
  };
  // What a gateway keeps for its charts it can tell again; a third has nothing but what its marks make it keep.
  const keepsLittle = random.int(3) === 0;
  return {
    name: "random",
    topology: { ...topology, ...(keepsLittle ? { keepRawHours: keepRawHoursLittle } : {}) },
    forMs,
    faults: faults.toSorted((a, b) => a.atMs - b.atMs),
  };
}

function randomFault(random: Random, withinMs: number): ScenarioFault {
  const atMs = random.int(withinMs);
  // Most faults of a plant are kills and cuts; the order of magnitude of a step is that of a wrong time zone or less.
  if (random.next() < 0.2) return randomRestore(random, atMs);
  switch (random.int(9)) {
    case 8:
      return { kind: "clock-unset", atMs, forMs: 500 + random.int(6_000) };
    case 0:
    case 1:
    case 2:
      return { kind: "kill", atMs, target: pick(targets, random) };
    case 3:
    case 4:
      return { kind: "uplink-cut", atMs, forMs: 100 + random.int(8_000) };
    case 5:
      return { kind: "device-away", atMs, forMs: 100 + random.int(4_000) };
    case 6:
      return { kind: "broker-store-lost", atMs };
    default: {
      const byMs = 1 + random.int(random.next() < 0.5 ? 5_000 : 7_200_000);
      return { kind: "clock-step", atMs, byMs: random.next() < 0.5 ? byMs : -byMs };
    }
  }
}

/** What is copied comes back. Clones are rare among them: each is one more gateway to play. */
function randomRestore(random: Random, atMs: number): ScenarioFault {
  const afterMs = 500 + random.int(6_000);
  switch (random.int(8)) {
    case 0:
    case 1:
      return { kind: "hub-restored", atMs, afterMs };
    case 2:
    case 3:
      return { kind: "journal-restored", atMs, afterMs };
    case 4:
      return { kind: "hardware-replaced", atMs };
    case 5:
      return {
        kind: "cloned",
        atMs,
        twin: random.next() < 0.5,
        ...(random.next() < 0.5 ? { replacedAfterMs: afterMs } : {}),
      };
    default:
      return { kind: "frame-damaged", atMs };
  }
}

function pick<T>(choices: readonly T[], random: Random): T {
  const choice = choices[random.int(choices.length)];
  if (choice === undefined) throw new RangeError("nothing to choose from");
  return choice;
}
