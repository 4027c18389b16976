import type { DeviceId, TagId } from "./tag.ts";

/**
 * Why a sample is not stored as it was produced. A closed list: a reason that is not here cannot be given. The number
 * is what frames carry; numbers are never reused.
 */
export const lossReasons = {
  "gateway down": 1,
  "device unreachable": 2,
  "device overload": 3,
  "link lost": 4,
  "lost at source": 5,
  "sampled slower than asked": 6,
  "filtered at source": 7,
  "queue full": 8,
  rejected: 9,
  "clock quarantined": 10,
  "told within bound": 11,
  thinned: 12,
  evicted: 13,
  "frame corrupt": 14,
  "journal lost": 15,
  "hub restored": 16,
  "restored copy": 17,
  "paused by a person": 18,
  "settings changed": 19,
  "sent one way": 20,
} as const;

export type LossReason = keyof typeof lossReasons;

/** How a claim knows its count: read one by one, by the schedule that was not kept, or not at all (at least one). */
export type LossCount =
  | { readonly kind: "exact"; readonly samples: number }
  | { readonly kind: "scheduled"; readonly samples: number }
  | { readonly kind: "unknown" };

export type LossScope =
  | { readonly kind: "gateway" }
  | { readonly kind: "device"; readonly device: DeviceId }
  | { readonly kind: "tag"; readonly tag: TagId };

/**
 * A claim about samples that are missing. Entries are claims: what a claim is charged is claimed minus stored, so a
 * frame that arrives later shrinks the charge. Identity is (gateway, epoch, number); the number is given at sealing.
 */
export interface LedgerEntry {
  readonly number: number;
  readonly reason: LossReason;
  readonly scope: LossScope;
  /** First and last moment in which samples are missing, µs since 1970 UTC. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: LossCount;
}
