import type { Epoch } from "@millwright/wire-contract";

/**
 * The ranks of the epochs that a hello names, oldest first. A rank once given stays; an epoch that the hub hears of
 * late is placed before those that follow it.
 *
 * @param known ranks given before; an epoch known from a frame alone has none
 * @param greatest rank given to any epoch of this gateway; 0 when there is none
 */
export function rankEpochs(
  named: readonly Epoch[],
  known: ReadonlyMap<Epoch, number>,
  greatest: number,
): ReadonlyMap<Epoch, number> {
  const ranks = new Map<Epoch, number>();
  let next = greatest + 1;
  for (const [index, epoch] of named.entries()) {
    const before = known.get(epoch);
    if (before !== undefined) continue;
    const later = named.slice(index + 1).find((other) => known.has(other));
    const laterRank = later === undefined ? undefined : known.get(later);
    ranks.set(epoch, laterRank === undefined ? next++ : laterRank - 1);
  }
  return ranks;
}
