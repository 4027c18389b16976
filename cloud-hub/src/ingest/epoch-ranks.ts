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

/** Left between two ranks, for epochs that are heard of late. A million starts fit into the 31 bits of the column. */
const gap = 1_024;

/**
 * The ranks of the epochs that a hello names, oldest first. A rank once given stays. The last one runs now, and no epoch
 * that the hub has met so far began later. One that has ended lies behind its parent and before those that follow it; where
 * another journal has had the name meanwhile - old hardware that is put back in its place - it lies where its start does.
 *
 * @param known those that a hello named before
 */
export function rankEpochs(
  named: readonly NamedEpoch[],
  known: readonly RankedEpoch[],
): ReadonlyMap<Epoch, number> {
  const ranked = new Map(known.map((one) => [one.epoch, one]));
  const ranks = new Map<Epoch, number>();
  for (const [index, one] of named.entries()) {
    if (ranked.has(one.epoch)) continue;
    const rank = rankOf(one, named.slice(0, index), named.slice(index + 1), ranked);
    ranks.set(one.epoch, rank);
    ranked.set(one.epoch, { ...one, rank });
  }
  return ranks;
}

function rankOf(
  { parent, startedUs }: NamedEpoch,
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
      (other.epoch === follower?.epoch || (after.length > 0 && other.startedUs > startedUs)),
  );
  if (next === undefined) return (ofAll.at(-1)?.rank ?? 0) + gap;
  const previous = ofAll.findLast(({ rank }) => rank < next.rank);
  return Math.floor(((previous?.rank ?? next.rank - 2 * gap) + next.rank) / 2);
}
