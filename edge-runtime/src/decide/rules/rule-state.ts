/** What a rule remembers from one scan to the next, and over a restart. */
import type { SavedState } from "../../hand-over.ts";
import type { Rule } from "./rule.ts";

export interface RuleState {
  /** What its condition said when it was last judged. */
  truth: "true" | "false" | "unknown";
  /** It has fired and has not cleared. */
  active: boolean;
  /** Its condition is true since, while it waits to fire; NaN otherwise. */
  sinceUs: number;
  /** -Infinity: never. */
  firedUs: number;
  firedCount: number;
  /** It does not know since; NaN while it does. */
  unknownUs: number;
  unknownTold: boolean;
  /** A person has reset it; it clears as soon as its condition does not hold. */
  reset: boolean;
  paused:
    { readonly untilUs: number; readonly person: string; readonly reason: string } | undefined;
}

export class RuleStates {
  readonly list: readonly RuleState[];
  readonly #rules: readonly Rule[];

  constructor(rules: readonly Rule[], saved?: SavedState) {
    this.#rules = rules;
    this.list = rules.map((rule) => stateOf(rule, fieldOf(saved, rule.id)));
  }

  save(): SavedState {
    const saved: Record<string, SavedState> = {};
    for (const [at, { id, version }] of this.#rules.entries()) {
      const state = this.list[at];
      if (state === undefined || isNew(state)) continue;
      const { active, firedUs, firedCount, paused } = state;
      saved[id] = {
        version,
        active,
        firedUs: Number.isFinite(firedUs) ? firedUs : null,
        firedCount,
        ...(paused === undefined ? {} : { paused: { ...paused } }),
      };
    }
    return saved;
  }
}

function isNew({ firedCount, paused }: RuleState): boolean {
  return firedCount === 0 && paused === undefined;
}

/** Of another version nothing is taken over: its condition meant something else. */
function stateOf({ version }: Rule, saved: SavedState | undefined): RuleState {
  const known = fieldOf(saved, "version") === version ? saved : undefined;
  const firedUs = fieldOf(known, "firedUs");
  const firedCount = fieldOf(known, "firedCount");
  const paused = fieldOf(known, "paused");
  const untilUs = fieldOf(paused, "untilUs");
  return {
    truth: "unknown",
    active: fieldOf(known, "active") === true,
    sinceUs: NaN,
    firedUs: typeof firedUs === "number" ? firedUs : -Infinity,
    firedCount: typeof firedCount === "number" ? firedCount : 0,
    unknownUs: NaN,
    unknownTold: false,
    reset: false,
    paused:
      typeof untilUs === "number"
        ? { untilUs, person: textOf(paused, "person"), reason: textOf(paused, "reason") }
        : undefined,
  };
}

/** Undefined where the state is no object, or has no such field. */
export function fieldOf(state: SavedState | undefined, field: string): SavedState | undefined {
  if (typeof state !== "object" || state === null || Array.isArray(state)) return undefined;
  return (state as { readonly [key: string]: SavedState })[field];
}

function textOf(state: SavedState | undefined, field: string): string {
  const text = fieldOf(state, field);
  return typeof text === "string" ? text : "";
}
