import type { Scalar } from "../scalar.ts";

/** A value in JSON: 64-bit integers as decimal text with an `n` behind. */
export type JsonScalar = number | boolean | string | null;

/** Who asked for a write: a person at this gateway, a rule, or the hub. */
export interface CommandOrigin {
  readonly kind: "hmi" | "rule" | "hub";
  /** Person or rule. */
  readonly who: string;
}

/**
 * How a command ended, or where it stands. `sent`: on its way to the machine from now on. `unknown`: it may or may not have
 * acted; nobody sends it again by himself. `unconfirmed`: accepted, and what was read back does not say so.
 */
export type CommandOutcome =
  "sent" | "confirmed" | "accepted" | "refused" | "unknown" | "unconfirmed" | "expired" | "dry-run";

/** A write that was asked for, and what became of it. Told with each change of `outcome`. */
export interface CommandEvent {
  readonly outcome: CommandOutcome;
  /** True where `accepted` is the last word, because nothing is read back. */
  readonly final?: true;
  readonly tag: string;
  /** As it stands in the machine: whole steps of its scale. */
  readonly value: JsonScalar;
  /** Present in the machine just before the write, as read there. */
  readonly before?: JsonScalar;
  readonly readBack?: JsonScalar;
  readonly origin: CommandOrigin;
  /** Who or what refuses, and what would clear it; in words. */
  readonly reason?: string;
  /** The interlock that blocks, by its id. */
  readonly interlock?: string;
  /** Why it was asked for, where the person said so. */
  readonly purpose?: string;
}

export function toJsonScalar(value: Scalar): JsonScalar {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "number" && !Number.isFinite(value)) return null;
  return value;
}
