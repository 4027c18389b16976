/**
 * The chain of the audit book: each entry holds a hash over the entry before and all that it says itself, so that whoever
 * changes, removes, adds or moves one has to change all that follow, and the anchor that lies elsewhere. Pure.
 */
import { createHash } from "node:crypto";

import type { AuditEntry } from "@millwright/wire-contract/events";

/** An audit event, as far as the chain covers it. */
export interface ChainedEntry {
  readonly atUs: number;
  readonly asset: string;
  readonly subject: string;
  readonly body: AuditEntry;
}

/** Where the chain stands. */
export interface ChainHead {
  /** Of the last entry; 0 before the first. */
  readonly index: number;
  /** "" before the first. */
  readonly chain: string;
}

export const chainBegin: ChainHead = { index: 0, chain: "" };

/** What is wrong, in words, and with which entry; it may be the first that is missing. */
export interface ChainBreak {
  readonly index: number;
  readonly what: string;
}

/** The next entry of a chain. */
export function chained(
  head: ChainHead,
  entry: Omit<ChainedEntry, "body"> & { readonly body: Omit<AuditEntry, "index" | "chain"> },
): ChainedEntry {
  const body = { ...entry.body, index: head.index + 1, chain: "" };
  const whole = { ...entry, body };
  return { ...entry, body: { ...body, chain: hashOf(head.chain, whole) } };
}

export function headOf(entry: ChainedEntry): ChainHead {
  return { index: entry.body.index, chain: entry.body.chain };
}

/** Whether `entry` follows an entry in this place of the chain. @param before where the chain stood */
function linkBreak(before: ChainHead, entry: ChainedEntry): ChainBreak | undefined {
  const expected = before.index + 1;
  const { index, chain } = entry.body;
  if (index !== expected) {
    return { index: expected, what: `entry ${expected} is missing; entry ${index} stands there` };
  }
  if (chain !== hashOf(before.chain, entry)) {
    return { index, what: `entry ${index}, or the one before it, is not what was written` };
  }
  return undefined;
}

/** What a walk over the chain has found. */
export interface ChainFound {
  readonly entries: number;
  /** Index of the oldest entry; 0 when there is none. */
  readonly from: number;
  /** The earliest break. */
  readonly broken?: ChainBreak;
}

/**
 * Looks at entries from the newest to the oldest, as a journal lists them, one at a time. Entries beyond the anchor are the
 * last before a power cut: they hold when they follow it.
 */
export class ChainWalk {
  readonly #anchor: ChainHead;
  readonly #fromFirst: boolean;
  #newer: ChainedEntry | undefined;
  #entries = 0;
  #broken: ChainBreak | undefined;

  /** @param fromFirst the very first entry has to be there; otherwise the oldest is proven by the one that follows it */
  constructor(anchor: ChainHead, fromFirst: boolean) {
    this.#anchor = anchor;
    this.#fromFirst = fromFirst;
  }

  take(entry: ChainedEntry): void {
    const head = headOf(entry);
    const newer = this.#newer;
    this.#note(newer === undefined ? endBreak(head, this.#anchor) : linkBreak(head, newer));
    this.#note(anchorBreak(head, this.#anchor));
    this.#newer = entry;
    this.#entries++;
  }

  /** After the oldest. */
  end(): ChainFound {
    const oldest = this.#newer;
    if (oldest === undefined) this.#note(endBreak(chainBegin, this.#anchor));
    else if (this.#fromFirst || oldest.body.index <= 1) this.#note(linkBreak(chainBegin, oldest));
    return {
      entries: this.#entries,
      from: oldest?.body.index ?? 0,
      ...(this.#broken === undefined ? {} : { broken: this.#broken }),
    };
  }

  #note(broken: ChainBreak | undefined): void {
    // The walk goes back in time, so the last one that is found is the earliest.
    this.#broken = broken ?? this.#broken;
  }
}

/** The entry of the anchor's index has to be the one that was anchored. */
export function anchorBreak(head: ChainHead, anchor: ChainHead): ChainBreak | undefined {
  return head.index === anchor.index && head.chain !== anchor.chain
    ? { index: head.index, what: `entry ${head.index} is not the one that was anchored` }
    : undefined;
}

/** Whether the end is there. */
export function endBreak(head: ChainHead, anchor: ChainHead): ChainBreak | undefined {
  return head.index < anchor.index
    ? {
        index: head.index + 1,
        what: `entries ${head.index + 1} to ${anchor.index} are missing at the end`,
      }
    : undefined;
}

/** SHA-256 over all that an entry says, and no other text for two different entries (RFC 8785: keys in order). */
function hashOf(before: string, entry: ChainedEntry): string {
  const said = { ...entry.body, chain: undefined };
  const text = inOrder({
    before,
    atUs: entry.atUs,
    asset: entry.asset,
    subject: entry.subject,
    said,
  });
  return createHash("sha256").update(text).digest("hex");
}

function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOrder).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${JSON.stringify(key)}:${inOrder(field)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}
