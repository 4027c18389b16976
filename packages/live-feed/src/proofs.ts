import {
  severityOf,
  staleAfterMs,
  staleTagsMax,
  type Beat,
  type DeviceId,
  type Proof,
  type TagId,
  type TagTraits,
} from "@millwright/wire-contract";

import type { ValueTable } from "./value-table.ts";

/**
 * What the gateway says of values that it does not tell because they hold: for each device and interval the oldest
 * proof among the tags that are well. The hub then shows none of them as fresher than it is, and a device of 10,000
 * constant tags costs one line a second.
 */
export function proofsOf(table: ValueTable, nowUs: number): Pick<Beat, "proofs" | "stale"> {
  const groups = new Map<string, { -readonly [Key in keyof Proof]: Proof[Key] }>();
  const stale: TagId[] = [];
  const { book } = table;
  for (const index of book.indices) {
    const [id, tag] = [book.idOf(index), book.traitsOf(index)];
    if (id === undefined || tag === undefined || !isThinned(tag)) continue;
    const { confirmedUs, status, known } = table.proofOf(index);
    // A bad status is told, and says more than an age.
    if (!known || severityOf(status) === "bad") continue;
    if (nowUs - confirmedUs > staleAfterMs(tag.expectedMs) * 1_000) {
      stale.push(id);
      continue;
    }
    const key = groupOf(tag);
    const group = groups.get(key);
    if (group !== undefined) group.provenUs = Math.min(group.provenUs, confirmedUs);
    else {
      const { device, expectedMs } = tag;
      groups.set(key, { device, expectedMs, provenUs: confirmedUs });
    }
  }
  if (stale.length > staleTagsMax) return { proofs: [], stale: stale.slice(0, staleTagsMax) };
  return { proofs: [...groups.values()], stale };
}

/** The other side: what a beat proves of the values that the hub holds. */
export function takeProofs(table: ValueTable, { proofs = [], stale = [] }: Beat): void {
  if (proofs.length === 0) return;
  const byGroup = new Map(proofs.map((proof) => [groupOf(proof), proof.provenUs]));
  const exempt = new Set<string>(stale);
  const proven = new Map<DeviceId, Map<number, number[]>>();
  const { book } = table;
  for (const index of book.indices) {
    const [id, tag] = [book.idOf(index), book.traitsOf(index)];
    if (id === undefined || tag === undefined || !isThinned(tag)) continue;
    const provenUs = byGroup.get(groupOf(tag));
    if (provenUs === undefined || exempt.has(id)) continue;
    const { confirmedUs, status, known } = table.proofOf(index);
    if (!known || severityOf(status) === "bad" || confirmedUs >= provenUs) continue;
    const times = proven.get(tag.device) ?? new Map<number, number[]>();
    times.set(provenUs, [...(times.get(provenUs) ?? []), index]);
    proven.set(tag.device, times);
  }
  for (const [device, times] of proven) {
    for (const [provenUs, tags] of times) table.confirm(device, provenUs, tags);
  }
}

function isThinned({ telling }: TagTraits): boolean {
  return telling !== undefined && telling.rule !== "full";
}

function groupOf({ device, expectedMs }: Pick<Proof, "device" | "expectedMs">): string {
  return `${device}/${expectedMs}`;
}
