/**
 * What stands between a command and its machine, as a list in its order. Pure: facts in, the first refusal out. The same
 * list is asked twice, when a command comes and just before the driver is given the write; what has changed in between
 * counts.
 */
import type { Scalar } from "@millwright/wire-contract";

import type { Command, Grant, InterlockView } from "./command.ts";
import { blockedBy, shown } from "./interlock-state.ts";
import type { Reading, TagTerms } from "./tag-terms.ts";

/** All that a decision is made of. */
export interface Facts {
  readonly command: Command;
  /** Monotonic, ms. */
  readonly nowMs: number;
  readonly deadlineMs: number;
  readonly grant: Grant | undefined;
  readonly terms: TagTerms | undefined;
  /** What is in the machine. */
  readonly present: Reading;
  readonly mode: Reading | undefined;
  readonly modeTerms: TagTerms | undefined;
  readonly interlocks: readonly InterlockView[];
  /** Key of the command that is being written to this tag. */
  readonly underWay: string | undefined;
  /** An earlier write ended unknown, and nothing was read of the tag since. */
  readonly unread: boolean;
  /** Sum of changes within the last minute, in the unit of the tag. */
  readonly spent: number;
  /** Why the journal takes no entry; undefined when it does. */
  readonly journalTrouble: string | undefined;
  /** Why this one cannot be followed at all: its key, too many others, the end of the gateway. */
  readonly deskTrouble: string | undefined;
}

export interface Refusal {
  readonly outcome: "refused" | "expired";
  readonly reason: string;
  readonly interlock?: string;
}

export interface Check {
  readonly name: string;
  /** Undefined lets pass. */
  refuse(facts: Facts): Refusal | undefined;
}

/** In this order; what can be judged without looking at the machine comes first. */
export const checks: readonly Check[] = [
  { name: "desk", refuse: ({ deskTrouble }) => orNothing(deskTrouble) },
  { name: "expiry", refuse: expiry },
  { name: "journal", refuse: journal },
  { name: "grant", refuse: granted },
  { name: "owner", refuse: owner },
  { name: "value", refuse: value },
  { name: "range", refuse: range },
  { name: "under way", refuse: underWay },
  { name: "unread", refuse: unread },
  { name: "present", refuse: present },
  { name: "seen", refuse: seen },
  { name: "step", refuse: step },
  { name: "rate", refuse: rate },
  { name: "handshake", refuse: handshake },
  { name: "mode", refuse: mode },
  // Last, so that nothing is waited for between it and the write.
  { name: "interlock", refuse: interlock },
];

export function firstRefusal(list: readonly Check[], facts: Facts): Refusal | undefined {
  for (const check of list) {
    const refusal = check.refuse(facts);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function expiry({ nowMs, deadlineMs }: Facts): Refusal | undefined {
  if (nowMs < deadlineMs) return undefined;
  return {
    outcome: "expired",
    reason: "it came too late and was not sent. Look at the value and ask again",
  };
}

function journal({ journalTrouble }: Facts): Refusal | undefined {
  return journalTrouble === undefined
    ? undefined
    : refuse(`nothing is written that cannot be recorded: ${journalTrouble}`);
}

function granted({ grant, terms, command }: Facts): Refusal | undefined {
  if (grant === undefined || terms === undefined) {
    return refuse(`${command.tag} is not granted. An engineer grants it in the gateway's settings`);
  }
  if (grant.origins.includes(command.origin.kind)) return undefined;
  return refuse(`${terms.name} is not granted to ${originWords(command)}`);
}

function owner({ grant, terms, command }: Facts): Refusal | undefined {
  if (command.origin.kind !== "rule" || grant?.rule === command.origin.who) return undefined;
  return refuse(`${terms?.name ?? command.tag} belongs to rule ${grant?.rule ?? "none"}`);
}

function value({ terms, command }: Facts): Refusal | undefined {
  const device = terms?.toDevice(command.value);
  return isRefused(device) ? refuse(device.reason) : undefined;
}

function range({ grant, terms, command }: Facts): Refusal | undefined {
  const number = asNumber(written(terms, command.value));
  if (grant === undefined || number === undefined) return undefined;
  if (number >= grant.low && number <= grant.high) return undefined;
  return refuse(
    `${words(number, terms)} is outside what is granted, ${grant.low} to ${words(grant.high, terms)}`,
  );
}

function underWay({ underWay: other, terms, command }: Facts): Refusal | undefined {
  if (other === undefined || other === command.key) return undefined;
  return refuse(`another write of ${terms?.name ?? command.tag} is under way; wait for its end`);
}

function unread({ unread: yes, terms, command }: Facts): Refusal | undefined {
  if (!yes) return undefined;
  return refuse(
    `what became of the last write of ${terms?.name ?? command.tag} is unknown, and it has not been read since. Check the machine`,
  );
}

function present({ present: now }: Facts): Refusal | undefined {
  return now.kind === "good"
    ? undefined
    : refuse(`the present value is not known: ${now.why}. Nothing is written over it`);
}

function seen({ command, present: now, terms }: Facts): Refusal | undefined {
  if (command.seen === undefined) {
    return command.origin.kind === "rule"
      ? undefined
      : refuse("it does not say which value was seen");
  }
  if (now.kind !== "good" || terms?.same(command.seen, now.value) === true) return undefined;
  return refuse(
    `the value has changed: ${shown(now.value, terms)} now, ${shown(command.seen, terms)} was seen`,
  );
}

function step({ grant, terms, command, present: now }: Facts): Refusal | undefined {
  const change = changeOf(terms, command.value, now);
  if (grant === undefined || change <= withRounding(grant.stepMax)) return undefined;
  return refuse(
    `a change by ${words(change, terms)} is more than one write may, ${words(grant.stepMax, terms)}`,
  );
}

function rate({ grant, terms, command, present: now, spent }: Facts): Refusal | undefined {
  const change = changeOf(terms, command.value, now);
  if (grant === undefined || spent + change <= withRounding(grant.changePerMinuteMax)) {
    return undefined;
  }
  return refuse(
    `with it the changes of this minute would be ${words(spent + change, terms)}; ${words(grant.changePerMinuteMax, terms)} are granted`,
  );
}

function handshake({ grant, terms, present: now }: Facts): Refusal | undefined {
  if (grant?.handshake === undefined || now.kind !== "good") return undefined;
  if (terms?.same(now.value, grant.handshake.cleared) === true) return undefined;
  return refuse("the controller has not cleared the request before this one");
}

function mode({ grant, mode: now, modeTerms }: Facts): Refusal | undefined {
  if (grant?.mode === undefined) return undefined;
  if (now?.kind !== "good") {
    return refuse(`needs ${grant.mode.words}, and the mode is not known: ${now?.why ?? ""}`);
  }
  if (grant.mode.is.some((each) => modeTerms?.same(each, now.value) === true)) return undefined;
  return refuse(`needs ${grant.mode.words}; it is ${shown(now.value, modeTerms)}`);
}

function interlock({ interlocks, command }: Facts): Refusal | undefined {
  const blocked = blockedBy(interlocks, command.tag);
  return blocked === undefined
    ? undefined
    : { outcome: "refused", reason: blocked.reason, interlock: blocked.interlock };
}

/** How far a write moves the value, in the unit of the tag; 0 for what is no number. */
export function changeOf(terms: TagTerms | undefined, asked: Scalar, now: Reading): number {
  const to = asNumber(written(terms, asked));
  const from = now.kind === "good" ? asNumber(now.value) : undefined;
  return to === undefined || from === undefined ? 0 : Math.abs(to - from);
}

/** The value as it will stand in the machine. */
export function written(terms: TagTerms | undefined, asked: Scalar): Scalar {
  const device = terms?.toDevice(asked);
  return terms === undefined || device === undefined || isRefused(device)
    ? asked
    : terms.toShown(device);
}

/** Absent for switches and text, which have no range and no step. */
function asNumber(value: Scalar): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/** Sums of steps such as 0.1 are off by what a double rounds away. */
function withRounding(limit: number): number {
  return limit + Math.abs(limit) * 1e-9;
}

function words(number: number, terms: TagTerms | undefined): string {
  return shown(number, terms);
}

function originWords({ origin }: Command): string {
  if (origin.kind === "hmi") return "people at this gateway";
  return origin.kind === "rule" ? `rule ${origin.who}` : "the hub";
}

export function isRefused(
  value: unknown,
): value is { readonly kind: "refused"; readonly reason: string } {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "refused";
}

function orNothing(reason: string | undefined): Refusal | undefined {
  return reason === undefined ? undefined : refuse(reason);
}

function refuse(reason: string): Refusal {
  return { outcome: "refused", reason };
}
