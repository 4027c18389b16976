/**
 * What of a tag is told to the hub, as a person writes it: `full`, `change`, `dead-band 0.5`, `swinging-door 0.5 %`. A
 * percentage is one of the tag's range, `high` minus `low`. Everything is kept on the gateway whatever stands here.
 */
import type { Refused } from "@millwright/kit";
import type { TagKind, Telling } from "@millwright/wire-contract";

import type { TellingFile } from "./gateway-file.ts";

/** A rule before it is known for which tag. */
export interface TellingRule {
  readonly rule: Telling["rule"];
  readonly amount: number;
  readonly percent: boolean;
}

const forms = "full, change, dead-band 0.5, swinging-door 0.5 or swinging-door 0.5 %";

export function parseTellingRule(text: string): TellingRule | Refused {
  const words = /^(full|change|dead-band|swinging-door)(?:\s+([0-9.,eE+-]+)\s*(%?))?$/.exec(
    text.trim(),
  );
  const rule = words?.[1] as Telling["rule"] | undefined;
  if (rule === undefined) return refused(`"${text}" is none of ${forms}`);
  const needsAmount = rule === "dead-band" || rule === "swinging-door";
  const written = words?.[2];
  if (!needsAmount) {
    if (written !== undefined) return refused(`"${text}": ${rule} takes no number`);
    return { rule, amount: 0, percent: false };
  }
  // A decimal comma is what a spreadsheet writes where the separator is ";".
  const amount = Number(written?.replace(",", "."));
  if (!(amount > 0 && amount < Infinity)) {
    return refused(
      `"${text}" needs the greatest error after the rule, as in "${rule} 0.5" or "${rule} 0.5 %"`,
    );
  }
  return { rule, amount, percent: words?.[3] === "%" };
}

/** The rules by kind of tag. @param refuse told of each that is none */
export function tellingRules(
  file: TellingFile | undefined,
  refuse: (key: string, what: string) => void,
): ReadonlyMap<TagKind, TellingRule> {
  const rules = new Map<TagKind, TellingRule>();
  for (const [key, text] of Object.entries(file ?? {})) {
    // The others are the two times.
    if (typeof text !== "string") continue;
    const rule = parseTellingRule(text);
    if ("kind" in rule) refuse(key, rule.reason);
    else rules.set(key as TagKind, rule);
  }
  return rules;
}

/**
 * What is told of one tag: its own rule, else that of its kind.
 *
 * @returns nothing when all is told, as of a tag without a range whose kind has a percentage
 */
export function tellingOf(
  {
    telling: own,
    tag,
  }: {
    readonly telling?: TellingRule;
    readonly tag: { readonly kind: TagKind; readonly low: number; readonly high: number };
  },
  rules: ReadonlyMap<TagKind, TellingRule>,
  heartbeatMs: number,
): { readonly telling?: Telling } {
  const rule = own ?? rules.get(tag.kind);
  if (rule === undefined || rule.rule === "full") return {};
  const error = rule.percent ? ((tag.high - tag.low) * rule.amount) / 100 : rule.amount;
  return Number.isNaN(error) ? {} : { telling: { rule: rule.rule, error, heartbeatMs } };
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
