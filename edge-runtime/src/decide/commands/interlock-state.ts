/** Which interlocks hold. Pure: from a table of conditions and what is known now to words for a person. */
import type { Scalar, TagId } from "@millwright/wire-contract";
import { toJsonScalar } from "@millwright/wire-contract/events";

import type { Condition, ConditionView, Interlock, InterlockView } from "./command.ts";
import type { Reading, TagTerms } from "./tag-terms.ts";

export interface Known {
  terms(tag: TagId): TagTerms | undefined;
  reading(tag: TagId): Reading;
}

/**
 * All interlocks, each with its chain. An input that is stale, bad or not there never lets anything pass.
 *
 * @param interlocks the settings have made sure that none needs itself
 */
export function interlockViews(
  interlocks: readonly Interlock[],
  known: Known,
): readonly InterlockView[] {
  const views = new Map<string, InterlockView>();
  const byId = new Map(interlocks.map((each) => [each.id, each]));
  const viewOf = ({ id, name, blocks, conditions }: Interlock): InterlockView => {
    const made = views.get(id);
    if (made !== undefined) return made;
    const seen = conditions.map((condition) => {
      if (condition.kind === "tag") return tagView(condition, known);
      const behind = byId.get(condition.interlock);
      const view = behind === undefined ? undefined : viewOf(behind);
      return {
        state: view?.holds === true ? ("met" as const) : ("not met" as const),
        words: condition.words,
        ...(view === undefined ? {} : { interlock: view }),
      };
    });
    const view = {
      id,
      name,
      blocks,
      holds: seen.every(({ state }) => state === "met"),
      conditions: seen,
    };
    views.set(id, view);
    return view;
  };
  return interlocks.map(viewOf);
}

/** Why the first one that does not hold blocks, for a person: "guard door open (interlock G-12)". */
export function blockedBy(
  views: readonly InterlockView[],
  tag: TagId,
): { readonly interlock: string; readonly reason: string } | undefined {
  for (const view of views) {
    if (view.holds || !view.blocks.includes(tag)) continue;
    return { interlock: view.id, reason: `Blocked: ${causeOf(view)} (interlock ${view.id})` };
  }
  return undefined;
}

/** The words of the condition at the end of the chain. */
function causeOf({ conditions, name }: InterlockView): string {
  const condition = conditions.find(({ state }) => state !== "met");
  if (condition === undefined) return name;
  if (condition.interlock !== undefined) return causeOf(condition.interlock);
  return condition.state === "unknown"
    ? `${condition.words}: not known, ${condition.why ?? ""}`
    : condition.words;
}

function tagView(condition: Extract<Condition, { kind: "tag" }>, known: Known): ConditionView {
  const { tag, required, words } = condition;
  const terms = known.terms(tag);
  const reading = known.reading(tag);
  const told = {
    words,
    tag,
    required:
      required.kind === "is"
        ? `= ${shown(required.value, terms)}`
        : rangeWords(required.low, required.high),
  };
  if (terms === undefined) return { ...told, state: "unknown", why: "there is no such tag" };
  if (reading.kind === "unknown") return { ...told, state: "unknown", why: reading.why };
  const met =
    required.kind === "is"
      ? terms.same(reading.value, required.value)
      : inRange(reading.value, required.low, required.high);
  return { ...told, state: met ? "met" : "not met", value: toJsonScalar(reading.value) };
}

function inRange(value: Scalar, low: number, high: number): boolean {
  const number = typeof value === "string" || value instanceof Uint8Array ? NaN : Number(value);
  return number >= low && number <= high;
}

function rangeWords(low: number, high: number): string {
  if (low === -Infinity) return `at most ${high}`;
  return high === Infinity ? `at least ${low}` : `${low} to ${high}`;
}

/** A value as a person knows it: the text of a state where it has one, with the unit. */
export function shown(value: Scalar, terms: TagTerms | undefined): string {
  const number = typeof value === "boolean" ? Number(value) : value;
  const text = typeof number === "number" ? terms?.texts.get(number) : undefined;
  if (text !== undefined) return text;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "boolean") return value ? "on" : "off";
  const plain =
    typeof value === "number" && terms !== undefined && !Number.isInteger(value)
      ? value.toFixed(Math.min(12, Math.max(terms.decimals, 0)))
      : String(value);
  return terms === undefined || terms.unit === "" ? plain : `${plain} ${terms.unit}`;
}
