/**
 * Says whether the promise was kept: every sample that the device produced is stored exactly once, or a ledger entry
 * explains it; and within a tag the order is that of production. Knows nothing of how it was run.
 */
import type { LedgerEntry } from "@millwright/wire-contract";

/** One reading that a device handed out, as the device itself wrote it down. */
export interface Produced {
  readonly tag: string;
  readonly device: string;
  /** By the clock of the gateway, which stamps and claims. */
  readonly atUs: number;
  /**
   * By a clock that nobody sets, where the gateway's is none to go by: it was set a moment ago, and what was lost before
   * that could be kept is claimed by the clock of before; or nothing has set it yet.
   */
  readonly worldUs?: number;
  readonly value: number;
}

/** One sample as the hub has it. */
export interface Stored {
  readonly tag: string;
  readonly measuredUs: number;
  readonly value: number;
  /** A run of the gateway that has no place among the others: order is that within it. */
  readonly apart?: string;
}

export interface Verdict {
  readonly produced: number;
  readonly stored: number;
  /** Produced, not stored, and covered by an entry. */
  readonly explained: number;
  /** Produced, not stored, covered by nothing. Must be empty. */
  readonly unexplained: readonly Produced[];
  /** Stored more often than produced. Must be empty. */
  readonly doubled: readonly Stored[];
  /** Stored although never produced. Must be empty. */
  readonly invented: readonly Stored[];
  /** A sample that is stored before one that was produced earlier. Must be empty. */
  readonly disordered: readonly Stored[];
}

/**
 * @param produced values of a tag rise strictly, so that a value names its reading
 * @param slackUs how far the device's clock reading and the ledger's time range may differ (the way of a request)
 */
export function judge(
  produced: readonly Produced[],
  stored: readonly Stored[],
  entries: readonly LedgerEntry[],
  slackUs: number,
): Verdict {
  const known = new Map<string, Map<number, Produced>>();
  for (const reading of produced) {
    const tag = known.get(reading.tag) ?? new Map<number, Produced>();
    tag.set(reading.value, reading);
    known.set(reading.tag, tag);
  }

  const seen = new Map<string, Set<number>>();
  const doubled: Stored[] = [];
  const invented: Stored[] = [];
  const disordered: Stored[] = [];
  const last = new Map<string, number>();
  for (const sample of stored) {
    const tag = seen.get(sample.tag) ?? new Set<number>();
    seen.set(sample.tag, tag);
    if (known.get(sample.tag)?.has(sample.value) !== true) invented.push(sample);
    else if (tag.has(sample.value)) doubled.push(sample);
    else if (sample.value < (last.get(placeOf(sample)) ?? -Infinity)) disordered.push(sample);
    tag.add(sample.value);
    last.set(placeOf(sample), sample.value);
  }

  const unexplained: Produced[] = [];
  let explained = 0;
  for (const reading of produced) {
    if (seen.get(reading.tag)?.has(reading.value) === true) continue;
    if (entries.some((entry) => covers(entry, reading, slackUs))) explained++;
    else unexplained.push(reading);
  }
  return {
    produced: produced.length,
    stored: stored.length,
    explained,
    unexplained,
    doubled,
    invented,
    disordered,
  };
}

function placeOf({ tag, apart }: Stored): string {
  return apart === undefined ? tag : `${tag}/${apart}`;
}

function covers(entry: LedgerEntry, reading: Produced, slackUs: number): boolean {
  const { scope } = entry;
  const concerns =
    scope.kind === "gateway" ||
    (scope.kind === "device" ? scope.device === reading.device : scope.tag === reading.tag);
  const times = [reading.atUs, reading.worldUs ?? reading.atUs];
  return concerns && times.some((us) => us >= entry.fromUs - slackUs && us <= entry.toUs + slackUs);
}
