/** What the hub holds once all has come to rest, against what the devices have handed out. */
import { judge, type Protection, type Scenario, type Verdict } from "@millwright/scenario";
import type { GatewayId, LedgerEntry, LossReason } from "@millwright/wire-contract";

import type { Edge, Plant } from "./plant.ts";
import { judgeEvents } from "./played-events.ts";
import { readHub } from "./stored-samples.ts";
import { boxOf } from "./values-of-device.ts";

/** The way of a poll and its answer, between the device's note and the ledger's range. */
const slackUs = 50_000;
/** These explain a sample only where the gateway went through a fault that costs some. */
const reasonsOfFaults: readonly LossReason[] = ["hub restored", "restored copy", "journal lost"];

const claimsOff: readonly (readonly [Protection, LossReason])[] = [
  ["claim-gateway-down", "gateway down"],
  ["claim-journal-lost", "journal lost"],
  ["claim-restored-copy", "restored copy"],
  ["claim-frame-corrupt", "frame corrupt"],
  ["claim-thinned", "thinned"],
];

export async function judgeAll(
  scenario: Scenario,
  plant: Plant,
  breaches: Set<string>,
): Promise<Verdict> {
  const verdicts: Verdict[] = [];
  const off = new Set(scenario.without);
  const unclaimed = new Set(claimsOff.flatMap(([one, reason]) => (off.has(one) ? [reason] : [])));
  const gateways = Map.groupBy(plant.edges, ({ gateway }) => gateway.options.gateway);
  for (const [id, edges] of gateways) {
    const repeats = off.has("sample-identity") ? "kept" : "dropped";
    const { samples, entries } = await readHub(plant.database.store, id, repeats, (value) =>
      edges.find(({ instance }) => instance === boxOf(value))?.device.madeUs(value),
    );
    const steps = await stepsTold(plant, id);
    const own = edges.map(({ device, excuses, instance }) => {
      const excused = entries.filter(
        ({ reason }) =>
          !unclaimed.has(reason) && (!reasonsOfFaults.includes(reason) || excuses.has(reason)),
      );
      const stored = samples.filter(({ value }) => boxOf(value) === instance);
      const { unexplained, ...verdict } = judge(
        [
          ...device.unheard,
          ...device.claimable(
            stored.map(({ value }) => value),
            steps,
          ),
        ],
        stored,
        excused,
        slackUs,
      );
      const unheard = new Set(device.unheard);
      return { ...verdict, unexplained: unexplained.filter((one) => !unheard.has(one)) };
    });
    verdicts.push(...own);
    chargeOnce(id, own, entries, edges, breaches);
    await checkStore(id, scenario, plant, breaches);
    const events = edges.map((edge) => edge.events);
    for (const breach of await judgeEvents(plant.database.store, id, events)) breaches.add(breach);
  }
  const verdict = together(verdicts);
  const { unexplained, doubled, invented, disordered } = verdict;
  const isReplaced = scenario.faults.some(({ kind }) => kind === "hardware-replaced");
  // All of it may have been lost with the hardware; otherwise a run that stores nothing has played nothing.
  if (verdict.stored === 0 && verdict.produced > 0 && !isReplaced)
    breaches.add("N1: nothing is stored at all");
  if (unexplained.length > 0) breaches.add(`N1: ${tell(unexplained)} neither stored nor explained`);
  if (doubled.length > 0) breaches.add(`N2: ${tell(doubled)} stored twice`);
  if (invented.length > 0) breaches.add(`N2: ${tell(invented)} stored and never produced`);
  if (disordered.length > 0) breaches.add(`N5: ${tell(disordered)} stored out of order`);
  return verdict;
}

/** What clocks said after the steps that the hub was told of, µs. */
async function stepsTold({ database }: Plant, id: GatewayId): Promise<readonly number[]> {
  const all = Number.MAX_SAFE_INTEGER;
  const records = await database.store.clockRecords(id, -all, all, all);
  return records.filter(({ stepUs = 0 }) => stepUs !== 0).map(({ atUs }) => atUs);
}

function together(verdicts: readonly Verdict[]): Verdict {
  return {
    produced: verdicts.reduce((sum, one) => sum + one.produced, 0),
    stored: verdicts.reduce((sum, one) => sum + one.stored, 0),
    explained: verdicts.reduce((sum, one) => sum + one.explained, 0),
    unexplained: verdicts.flatMap((one) => one.unexplained),
    doubled: verdicts.flatMap((one) => one.doubled),
    invented: verdicts.flatMap((one) => one.invented),
    disordered: verdicts.flatMap((one) => one.disordered),
  };
}

async function checkStore(
  id: GatewayId,
  { faults }: Scenario,
  plant: Plant,
  breaches: Set<string>,
): Promise<void> {
  const known = await plant.database.store.gateway(id);
  if (known !== undefined && known.balance.unexplained > 0) {
    const { announced, stored, voided, unexplained } = known.balance;
    breaches.add(
      `N10: ${id} announced ${announced}, stored ${stored}, void ${voided}, unexplained ${unexplained}`,
    );
  }
  // Two that seal in one epoch make forks; nothing else does.
  const forks = faults.some((fault) => fault.kind === "cloned" && fault.twin);
  if ((known?.quarantined ?? 0) > 0 && !forks) {
    breaches.add(`N2: ${id} has frames in quarantine`);
  }
}

/**
 * N3, where it can be decided: entries with an exact count together charge no more samples than are missing, those
 * included that the device never handed out. A range of time alone does not say how many samples it means. An entry that
 * was told again, by a copy or to a hub that was restored, charges once.
 */
function chargeOnce(
  gateway: string,
  verdicts: readonly Verdict[],
  entries: readonly LedgerEntry[],
  edges: readonly Edge[],
  breaches: Set<string>,
): void {
  const claims = new Map(
    entries.map((entry) => [JSON.stringify({ ...entry, number: 0 }), entry] as const),
  );
  let charged = 0;
  for (const { count, reason } of claims.values()) {
    // The hub may have stored the very frame that was damaged here, or the samples that were thinned here: what it has is
    // charged to nobody (protocol 7).
    if (reason === "frame corrupt" || reason === "thinned") continue;
    charged += count.kind === "exact" ? count.samples : 0;
  }
  const { explained, unexplained } = together(verdicts);
  const unstored = edges.reduce(
    (sum, { device }) => sum + device.charged + device.unheard.length,
    0,
  );
  const missing = explained + unexplained.length + unstored;
  if (charged <= missing) return;
  breaches.add(`N3: ${gateway} is charged ${charged} samples, and at most ${missing} are missing`);
}

function tell(samples: readonly { readonly tag: string; readonly value: number }[]): string {
  const [first] = samples;
  return `${samples.length} samples (${first?.tag ?? ""} = ${first?.value ?? ""} first)`;
}
