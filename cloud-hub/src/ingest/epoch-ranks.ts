import type { Epoch } from "@millwright/wire-contract";

export interface NamedEpoch {
  readonly epoch: Epoch;
  readonly parent?: Epoch;
  readonly startedUs: number;
}

export interface RankedEpoch {
  readonly epoch: Epoch;
  readonly rank: number;
  readonly startedUs: number;
}

/** When a hello was said, by the gateway's clock where it tells, and when it came, by the hub's, µs. */
export interface HelloTimes {
  readonly saidUs: number | undefined;
  readonly nowUs: number;
}

/** 2000-01-01: a clock that says less was never set. */
const unsetUs = Date.UTC(2000, 0) * 1_000;
/** Left between two ranks, for epochs that are heard of late. A million starts fit into the 31 bits of the column. */
const gap = 1_024;

/**
 * The ranks of the epochs that a hello names, oldest first. A rank once given stays. The last one runs now, and no epoch
 * that the hub has met so far began later. One that has ended lies behind its parent and before those that follow it; where
 * another journal has had the name meanwhile - old hardware that is put back in its place - it lies where its start does,
 * unless its clock may have been behind by so much that it began after that journal.
 *
 * @param known those that a hello named before
 */
export function rankEpochs(
  named: readonly NamedEpoch[],
  known: readonly RankedEpoch[],
  times: HelloTimes,
): ReadonlyMap<Epoch, number> {
  const ranked = new Map(known.map((one) => [one.epoch, one]));
  const ranks = new Map<Epoch, number>();
  for (const [index, one] of named.entries()) {
    if (ranked.has(one.epoch)) continue;
    const after = named.slice(index + 1);
    const latestUs = one.startedUs + behindUs([one, ...after], times);
    const rank = rankOf(one.parent, latestUs, named.slice(0, index), after, ranked);
    ranks.set(one.epoch, rank);
    ranked.set(one.epoch, { ...one, rank });
  }
  return ranks;
}

/** By how much the clock may have been behind at the first of these starts, as far as it shows. */
function behindUs(starts: readonly NamedEpoch[], { saidUs = Infinity, nowUs }: HelloTimes): number {
  const told = [...starts.map(({ startedUs }) => startedUs), saidUs];
  if ((told[0] ?? 0) < unsetUs) return Infinity;
  // One that was set back since is none to go by: it may have been set back before, too.
  const setBackUs = told.map((us, at) => us - (told[at + 1] ?? us));
  return Math.max(0, nowUs - saidUs, ...setBackUs);
}

/** @param latestUs when the epoch began at the latest */
function rankOf(
  parent: Epoch | undefined,
  latestUs: number,
  before: readonly NamedEpoch[],
  after: readonly NamedEpoch[],
  ranked: ReadonlyMap<Epoch, RankedEpoch>,
): number {
  const known = (epoch: Epoch | undefined): number =>
    (epoch === undefined ? undefined : ranked.get(epoch)?.rank) ?? -Infinity;
  const above = Math.max(known(parent), ...before.map(({ epoch }) => known(epoch)));
  const follower = after.find(({ epoch }) => ranked.has(epoch));
  const ofAll = [...ranked.values()].toSorted((a, b) => a.rank - b.rank);
  const next = ofAll.find(
    (other) =>
      other.rank > above &&
      (other.epoch === follower?.epoch || (after.length > 0 && other.startedUs > latestUs)),
  );
  if (next === undefined) return (ofAll.at(-1)?.rank ?? 0) + gap;
  const previous = ofAll.findLast(({ rank }) => rank < next.rank);
  return Math.floor(((previous?.rank ?? next.rank - 2 * gap) + next.rank) / 2);
}
