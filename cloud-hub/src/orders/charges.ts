/**
 * What each claim of the ledger is charged for one tag: claimed minus stored, each missing sample to one claim only
 * (invariant N3), in the order of no-loss protocol 7: exact, range, time, then age. Ranges of numbers are voids, and are
 * charged where they are stored (`ingest/prefix.ts`).
 */
import type { LossCount } from "@millwright/wire-contract";

import { byOrderOfCharging, type Claim } from "./claims.ts";

/** A part of the time in which the same claims hold. */
export interface ChargedCell {
  readonly fromUs: number;
  /** Excluded. */
  readonly toUs: number;
}

/** A claim of which is known what repairs have brought of it. */
export type RepairedClaim = Claim & { readonly repaired: number };

/**
 * Where it has to be known what is stored: the time that claims without an exact count share, within a range, cut at all
 * their ends.
 */
export function cellsOf(
  claims: readonly Claim[],
  fromUs: number,
  toUs: number,
): readonly ChargedCell[] {
  const ofTime = claims.filter(isOfTime);
  const ends = claims.flatMap((claim) => [claim.fromUs, endOf(claim)]);
  const cuts = [...new Set([fromUs, toUs, ...ends])]
    .filter((us) => us >= fromUs && us <= toUs)
    .sort((a, b) => a - b);
  return cuts.flatMap((fromUs, at) => {
    const toUs = cuts[at + 1];
    if (toUs === undefined || !ofTime.some((claim) => holds(claim, fromUs))) return [];
    return [{ fromUs, toUs }];
  });
}

/**
 * In the order of the claims. A claim that counts is charged what it says, less what was brought of it, once: told again by
 * a copy of the gateway or to a hub that was restored, it is charged nothing. One that names a time is charged what should
 * have come of this tag and did not, in the part of the range that it names and no other is charged for.
 *
 * @param claims all that concern the tag
 * @param cells of these claims
 * @param stored samples of the tag in each cell
 * @param periodUs between two samples; NaN for a tag whose device speaks when it has something to say
 */
export function chargesOf(
  claims: readonly RepairedClaim[],
  cells: readonly ChargedCell[],
  stored: readonly number[],
  periodUs: number,
): readonly LossCount[] {
  const missing = cells.map(({ fromUs, toUs }, at) =>
    Math.max(0, Math.round((toUs - fromUs) / periodUs) - (stored[at] ?? 0)),
  );
  const charges = new Map<RepairedClaim, LossCount>();
  const told = new Set<string>();
  const taken = new Set<number>();
  for (const claim of claims.toSorted(byOrderOfCharging)) {
    const key = contentOf(claim);
    const again = told.has(key);
    told.add(key);
    if (claim.count.kind === "exact") {
      const samples = again ? 0 : Math.max(0, claim.count.samples - claim.repaired);
      charges.set(claim, { kind: "exact", samples });
      // Of one that counts for many tags nobody knows how many are of this one.
      if (claim.scope.kind === "tag") takeOut(claim, samples, cells, missing);
      continue;
    }
    const own = cells.flatMap(({ fromUs }, at) =>
      !taken.has(at) && holds(claim, fromUs) ? [at] : [],
    );
    for (const at of own) taken.add(at);
    charges.set(claim, chargeOfTime(claim, own, missing, stored));
  }
  return claims.map((claim) => charges.get(claim) ?? claim.count);
}

function chargeOfTime(
  { count }: RepairedClaim,
  own: readonly number[],
  missing: readonly number[],
  stored: readonly number[],
): LossCount {
  if (own.length === 0) return { kind: "exact", samples: 0 };
  const samples = own.reduce((sum, at) => sum + (missing[at] ?? 0), 0);
  if (!Number.isNaN(samples)) return { kind: "scheduled", samples };
  // Nobody knows how many there were. Where some are stored they may have been all.
  const some = own.some((at) => (stored[at] ?? 0) > 0);
  return count.kind === "unknown" || some ? { kind: "unknown" } : count;
}

/** From the first of its cells on: which of them its samples lie in is not known, and none is counted twice. */
function takeOut(
  claim: Claim,
  samples: number,
  cells: readonly ChargedCell[],
  missing: number[],
): void {
  let left = samples;
  for (const [at, { fromUs }] of cells.entries()) {
    if (left === 0 || !holds(claim, fromUs)) continue;
    const here = Math.min(left, missing[at] ?? 0);
    // No count is known of a tag without a period.
    if (Number.isNaN(here)) return;
    missing[at] = (missing[at] ?? 0) - here;
    left -= here;
  }
}

function isOfTime({ count }: Claim): boolean {
  return count.kind !== "exact";
}

/** A claim holds its last moment. */
function endOf({ toUs }: Claim): number {
  return toUs + 1;
}

function holds(claim: Claim, us: number): boolean {
  return claim.fromUs <= us && us < endOf(claim);
}

/** All but its identity: what is told again has another number. */
function contentOf({ reason, scope, fromUs, toUs, count }: Claim): string {
  return JSON.stringify([reason, scope, fromUs, toUs, count]);
}
