/** What every change has to survive. */
import type { Random } from "@millwright/kit";

import type { Scenario, ScenarioFault, Target } from "./scenario.ts";

const small = { gateways: 1, tagsPerGateway: 5, everyMs: 100, commitEveryMs: 100 } as const;

export const scenarios: readonly Scenario[] = [
  { name: "nothing happens", topology: small, forMs: 5_000, faults: [] },
  {
    name: "the uplink is out for a while",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "uplink-cut", atMs: 3_000, forMs: 6_000 }],
  },
  {
    name: "the gateway is killed and starts again",
    topology: small,
    forMs: 12_000,
    faults: [{ kind: "kill", atMs: 4_000, target: "runtime" }],
  },
  {
    name: "the hub is killed and starts again",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "kill", atMs: 4_000, target: "hub" }],
  },
  {
    name: "the broker is killed",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "kill", atMs: 4_000, target: "broker" }],
  },
  {
    name: "the database is killed",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "kill", atMs: 4_000, target: "database" }],
  },
  {
    name: "the broker forgets all it stored while the hub is away",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "broker-store-lost", atMs: 5_000 }],
  },
  {
    name: "the device goes away and comes back",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "device-away", atMs: 4_000, forMs: 4_000 }],
  },
  {
    name: "the gateway's clock is set back and forward",
    topology: small,
    forMs: 12_000,
    faults: [
      { kind: "clock-step", atMs: 3_000, byMs: -3_600_000 },
      { kind: "clock-step", atMs: 7_000, byMs: 3_600_000 },
    ],
  },
];

/** Clocks that go wrong together with other things. For `tests/sim` alone. */
export const clocks: readonly Scenario[] = [
  {
    name: "the gateway is killed between two steps of its clock",
    topology: { ...small, commitEveryMs: 1_000 },
    forMs: 9_000,
    faults: [
      { kind: "clock-step", atMs: 4_200, byMs: -4_669_425 },
      { kind: "kill", atMs: 4_500, target: "runtime" },
      { kind: "clock-step", atMs: 4_550, byMs: 4_669_425 },
    ],
  },
  {
    name: "the clock is set back and forward within one commit, and then the gateway is killed",
    topology: { ...small, commitEveryMs: 1_000 },
    forMs: 9_000,
    faults: [
      { kind: "uplink-cut", atMs: 1_700, forMs: 3_400 },
      { kind: "clock-step", atMs: 3_900, byMs: -557_592 },
      { kind: "clock-step", atMs: 4_150, byMs: 557_592 },
      { kind: "kill", atMs: 4_400, target: "runtime" },
    ],
  },
  {
    name: "the gateway's clock is unset at boot and set later",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "clock-unset", atMs: 3_000, forMs: 6_000 }],
  },
  {
    name: "the gateway's clock is unset at boot while the uplink is out",
    topology: small,
    forMs: 18_000,
    faults: [
      { kind: "uplink-cut", atMs: 2_000, forMs: 9_000 },
      { kind: "clock-unset", atMs: 3_000, forMs: 4_000 },
    ],
  },
];

/** What was copied takes the place of what has gone on, and copies run beside each other. For `tests/sim` alone. */
export const restores: readonly Scenario[] = [
  {
    name: "the hub is restored from an older backup",
    topology: small,
    // Marks are kept every ten seconds: by then the gateway would have let go what the backup does not hold.
    forMs: 25_000,
    faults: [{ kind: "hub-restored", atMs: 6_000, afterMs: 13_000 }],
  },
  {
    name: "the hub is restored, and what gateways have let go is really gone",
    // Two seconds: what is kept for charts could be told again, and would hide that it was let go too early.
    topology: { ...small, keepRawHours: 2 / 3_600 },
    forMs: 25_000,
    faults: [{ kind: "hub-restored", atMs: 6_000, afterMs: 13_000 }],
  },
  {
    name: "the gateway's journal is restored from an older copy",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "journal-restored", atMs: 4_000, afterMs: 5_000 }],
  },
  {
    name: "both are restored, and the cable was out",
    topology: small,
    forMs: 20_000,
    faults: [
      { kind: "hub-restored", atMs: 3_000, afterMs: 8_000 },
      { kind: "journal-restored", atMs: 4_000, afterMs: 6_000 },
      { kind: "uplink-cut", atMs: 6_000, forMs: 3_000 },
    ],
  },
  {
    name: "the gateway's hardware is replaced with samples that the hub does not have",
    topology: small,
    forMs: 15_000,
    faults: [
      { kind: "uplink-cut", atMs: 4_000, forMs: 3_000 },
      { kind: "hardware-replaced", atMs: 6_500 },
    ],
  },
  {
    name: "a copy of the gateway's disk runs beside it",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "cloned", atMs: 4_000, twin: false }],
  },
  {
    name: "a virtual machine is cloned while it runs",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "cloned", atMs: 4_000, twin: true }],
  },
  {
    name: "a copy that never said hello is replaced",
    topology: small,
    forMs: 15_000,
    faults: [{ kind: "cloned", atMs: 4_000, twin: false, replacedAfterMs: 4_000 }],
  },
  {
    name: "a frame is damaged on disk before the hub has it",
    topology: small,
    forMs: 15_000,
    faults: [
      { kind: "uplink-cut", atMs: 3_000, forMs: 5_000 },
      { kind: "frame-damaged", atMs: 5_000 },
    ],
  },
  {
    name: "a damaged frame is found, its claim is refused, and the journal is put back to before that",
    topology: small,
    forMs: 15_000,
    faults: [
      { kind: "uplink-cut", atMs: 3_000, forMs: 5_000 },
      { kind: "frame-damaged", atMs: 4_000 },
      { kind: "critical-refused", atMs: 7_500, forMs: 7_000 },
      { kind: "journal-restored", atMs: 7_500, afterMs: 4_000 },
    ],
  },
];

const victims: readonly Target[] = ["runtime", "gateway", "hub", "broker", "database"];

/** So many kills at random moments of random parts; the pause between two lets the first be felt. */
export function randomKills(kills: number, random: Random, pauseMs = 1_500): Scenario {
  const faults: ScenarioFault[] = [];
  let atMs = 3_000;
  for (let kill = 0; kill < kills; kill++) {
    const target = victims[random.int(victims.length)] ?? "runtime";
    faults.push({ kind: "kill", atMs, target });
    atMs += pauseMs / 2 + random.int(pauseMs);
  }
  return { name: `${kills} random kills`, topology: small, forMs: atMs + 3_000, faults };
}
