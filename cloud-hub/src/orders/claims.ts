/**
 * Which claims a repair heals, and by how much: each sample that is stored now and was not before is credited to exactly
 * one claim (invariant N3), in the order of no-loss protocol 7: exact, range, time, then age.
 */
import type { LedgerEntry, TagId } from "@millwright/wire-contract";

/** A claim with the epoch that is part of its identity. */
export interface Claim extends LedgerEntry {
  readonly epochNo: number;
}

/** A part of the range whose samples would be credited to one claim. */
export interface ClaimedRange {
  readonly epochNo: number;
  readonly number: number;
  readonly tag: TagId;
  readonly fromUs: number;
  /** Excluded. */
  readonly toUs: number;
}

const orderOfKinds = ["exact", "scheduled", "unknown"] as const;

/** No-loss protocol 7: exact, range, time, then age. */
export function byOrderOfCharging(a: Claim, b: Claim): number {
  return (
    orderOfKinds.indexOf(a.count.kind) - orderOfKinds.indexOf(b.count.kind) ||
    a.epochNo - b.epochNo ||
    a.number - b.number
  );
}

/** @param deviceOf of a tag; undefined when it is not known any more */
export function claimedRanges(
  claims: readonly Claim[],
  tags: readonly TagId[],
  deviceOf: (tag: TagId) => string | undefined,
  fromUs: number,
  toUs: number,
): readonly ClaimedRange[] {
  const first = claims.toSorted(byOrderOfCharging);
  return tags.flatMap((tag) => {
    const own = first.filter(({ scope }) => {
      if (scope.kind === "gateway") return true;
      return scope.kind === "tag" ? scope.tag === tag : scope.device === deviceOf(tag);
    });
    // A claim holds its last moment; a range ends before its end.
    const ends = own.flatMap((claim) => [claim.fromUs, claim.toUs + 1]);
    const cuts = [...new Set([fromUs, toUs, ...ends])]
      .filter((us) => us >= fromUs && us <= toUs)
      .sort((a, b) => a - b);
    const ranges: ClaimedRange[] = [];
    for (const [at, cut] of cuts.entries()) {
      const end = cuts[at + 1];
      const claim = own.find((one) => one.fromUs <= cut && one.toUs >= cut);
      if (end === undefined || claim === undefined) continue;
      const { epochNo, number } = claim;
      ranges.push({ epochNo, number, tag, fromUs: cut, toUs: end });
    }
    return ranges;
  });
}

export interface Credit {
  readonly epochNo: number;
  readonly number: number;
  readonly samples: number;
}

/** @param before samples in each range before the answer came @param now and after it */
export function creditsOf(
  ranges: readonly ClaimedRange[],
  before: readonly number[],
  now: readonly number[],
): readonly Credit[] {
  const credits = new Map<string, Credit>();
  for (const [at, { epochNo, number }] of ranges.entries()) {
    const more = (now[at] ?? 0) - (before[at] ?? 0);
    if (more <= 0) continue;
    const key = `${epochNo}/${number}`;
    credits.set(key, { epochNo, number, samples: (credits.get(key)?.samples ?? 0) + more });
  }
  return [...credits.values()];
}
