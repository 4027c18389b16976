/**
 * The rules at work, without a clock of their own and without doing anything: inputs go in with the instant at which they
 * hold, decisions come out. An instant is one millisecond of the gateway's clock; all that is received within it is seen
 * together. Within an instant rules are judged in the order of their ids, over one table of inputs that no decision
 * changes. So the same inputs give the same decisions, live and when they are read from the journal again.
 */
import type { Scalar } from "@millwright/wire-contract";

import type { SavedState } from "../../hand-over.ts";
import { toInt, type Value, type ValueKind } from "./condition/node.ts";
import type { Rule, RuleBook } from "./rule.ts";
import type { ActionFile } from "./rule-file.ts";
import { RuleStates, type RuleState } from "./rule-state.ts";
import { WakeQueue } from "./wake-queue.ts";

/** What a rule has decided. */
export interface Decision {
  readonly rule: Rule;
  readonly what: "fired" | "cleared" | "unknown" | "known" | "resumed";
  /** The instant, µs. */
  readonly atUs: number;
  /** Each input as it was judged. */
  readonly operands: readonly Operand[];
  readonly actions: readonly ActionFile[];
}

export interface Operand {
  readonly name: string;
  readonly value: Value;
  readonly measuredUs: number;
  /** OPC UA status code. */
  readonly status: number;
  /** It was too old to be judged. */
  readonly stale: boolean;
}

export type Truth = "true" | "false" | "unknown";

/** What is received within it is seen together. */
export const instantUs = 1_000;
/** A rule that does not know for less is not told about: a poll that came late, the first seconds after a start. */
const unknownTellsAfterUs = 10_000_000;

export class RuleScan {
  readonly #book: RuleBook;
  readonly #states: RuleStates;
  readonly #wake: WakeQueue;
  /** By slot, as conditions read them: undefined is unknown. */
  readonly #values: Value[];
  readonly #last: Value[];
  readonly #status: Uint32Array;
  readonly #measuredUs: Float64Array;
  readonly #staleUs: Float64Array;
  readonly #changedUs: Float64Array;
  readonly #stale: Uint8Array;
  /** Something was said of it since the start, be it good or bad. */
  readonly #seen: Uint8Array;
  readonly #readers: readonly (readonly number[])[];
  readonly #dirty: Uint8Array;
  #dirtyList: number[] = [];
  #nowUs = 0;
  #evaluations = 0;

  /** @param saved what `save` gave before a restart */
  constructor(book: RuleBook, saved?: SavedState) {
    this.#book = book;
    this.#states = new RuleStates(book.rules, saved);
    const count = book.slots.length;
    this.#wake = new WakeQueue(count + book.rules.length);
    this.#values = new Array<Value>(count).fill(undefined);
    this.#last = new Array<Value>(count).fill(undefined);
    this.#status = new Uint32Array(count);
    this.#measuredUs = new Float64Array(count);
    this.#staleUs = new Float64Array(count);
    this.#changedUs = new Float64Array(count);
    this.#stale = new Uint8Array(count);
    this.#seen = new Uint8Array(count);
    this.#readers = readersOf(book);
    this.#dirty = new Uint8Array(book.rules.length);
    for (const [at, { paused }] of this.#states.list.entries()) {
      if (paused !== undefined) this.#wakeRule(at, paused.untilUs);
    }
  }

  /** The instant of the last scan, µs. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Conditions judged since the beginning. */
  get evaluations(): number {
    return this.#evaluations;
  }

  /** When something has to be judged although nothing comes in; Infinity: never. */
  get dueUs(): number {
    return this.#wake.nextUs;
  }

  /** A value of the instant that is scanned next; it proves itself. */
  set(
    slot: number,
    value: Scalar | undefined,
    status: number,
    measuredUs: number,
    atUs: number,
  ): void {
    const facts = this.#book.slots[slot];
    if (facts === undefined) return;
    // What is not plainly good is not known: a rule that acts on "last usable value" acts on the past.
    const known = status >>> 30 === 0 ? judged(facts.type, value) : undefined;
    this.#status[slot] = status;
    this.#measuredUs[slot] = measuredUs;
    this.#last[slot] = known;
    if (this.#seen[slot] === 0) {
      this.#seen[slot] = 1;
      this.#changedUs[slot] = atUs;
      this.#markReaders(slot);
    }
    this.#proven(slot, atUs, facts.freshForUs);
    this.#put(slot, known, atUs);
  }

  /** The last value of an input still holds. */
  prove(slot: number, atUs: number): void {
    const facts = this.#book.slots[slot];
    if (facts === undefined || this.#last[slot] === undefined) return;
    this.#proven(slot, atUs, facts.freshForUs);
    this.#put(slot, this.#last[slot], atUs);
  }

  /** Holds a rule back until then: it decides nothing, and begins anew afterwards. False where there is no such rule. */
  pause(rule: string, untilUs: number, person: string, reason: string): boolean {
    const at = this.#indexOf(rule);
    const state = this.#states.list[at];
    if (state === undefined) return false;
    state.paused = { untilUs, person, reason };
    state.sinceUs = NaN;
    this.#wakeRule(at, untilUs);
    return true;
  }

  resume(rule: string): boolean {
    const at = this.#indexOf(rule);
    const state = this.#states.list[at];
    if (state?.paused === undefined) return false;
    state.paused = undefined;
    this.#mark(at);
    return true;
  }

  /** A person has seen what a latched rule was about. It clears with the next scan in which its condition does not hold. */
  reset(rule: string): boolean {
    const at = this.#indexOf(rule);
    const state = this.#states.list[at];
    if (state?.active !== true) return false;
    state.reset = true;
    this.#mark(at);
    return true;
  }

  /** The clock was set: what was counted is counted anew from here, and what is fired stays so. */
  rebase(atUs: number): void {
    this.#nowUs = atUs;
    this.#wake.clear();
    for (const [slot, { freshForUs }] of this.#book.slots.entries()) {
      if (this.#last[slot] === undefined || this.#stale[slot] === 1) continue;
      this.#changedUs[slot] = Math.min(this.#changedUs[slot] ?? 0, atUs);
      this.#proven(slot, atUs, freshForUs);
    }
    for (const [at, state] of this.#states.list.entries()) {
      state.sinceUs = NaN;
      state.unknownUs = NaN;
      state.firedUs = Math.min(state.firedUs, atUs);
      this.#mark(at);
    }
  }

  /** Judges what changed and what is due, as of this instant, which is never before the last one. */
  scan(atUs: number, decide: (decision: Decision) => void): void {
    this.#nowUs = Math.max(this.#nowUs, atUs);
    while (this.#wake.nextUs <= this.#nowUs) {
      this.#wake.takeDue((which) => {
        this.#woken(which);
      });
    }
    const due = this.#dirtyList;
    if (due.length === 0) return;
    this.#dirtyList = [];
    due.sort((a, b) => a - b);
    for (const at of due) {
      this.#dirty[at] = 0;
      this.#judge(at, decide);
    }
  }

  /** What holds of each rule now, in the order of their ids. */
  get rules(): readonly { readonly rule: Rule; readonly state: Readonly<RuleState> }[] {
    return this.#book.rules.flatMap((rule, at) => {
      const state = this.#states.list[at];
      return state === undefined ? [] : [{ rule, state }];
    });
  }

  operands(rule: Rule): readonly Operand[] {
    return rule.inputs.map(({ name, slot }) => ({
      name,
      value: this.#stale[slot] === 1 ? this.#last[slot] : this.#values[slot],
      measuredUs: this.#measuredUs[slot] ?? 0,
      status: this.#status[slot] ?? 0,
      stale: this.#stale[slot] === 1,
    }));
  }

  /** For the next start: what is fired, since when, and who has paused what. Inputs are not in it: they are read anew. */
  save(): SavedState {
    return this.#states.save();
  }

  #judge(at: number, decide: (decision: Decision) => void): void {
    const rule = this.#book.rules[at];
    const state = this.#states.list[at];
    if (rule === undefined || state === undefined) return;
    const nowUs = this.#nowUs;
    if (state.paused !== undefined) {
      if (nowUs < state.paused.untilUs) {
        this.#wakeRule(at, state.paused.untilUs);
        return;
      }
      state.paused = undefined;
      decide(this.#decision(rule, "resumed", []));
    }
    this.#evaluations++;
    const truth = this.#truthOf(at, rule, state);
    state.truth = truth;
    this.#tellUnknown(at, rule, state, decide);
    if (state.active) this.#maybeClear(rule, state, decide);
    else this.#maybeFire(at, rule, state, decide);
  }

  #truthOf(at: number, rule: Rule, state: RuleState): Truth {
    const { states } = rule;
    if (states !== undefined) {
      const now = this.#values[states.slot];
      if (typeof now !== "string" || now === "unknown") return "unknown";
      if (!states.among.has(now)) return "false";
      const settledUs = (this.#changedUs[states.slot] ?? 0) + states.settleUs;
      if (this.#nowUs < settledUs) {
        this.#wakeRule(at, settledUs);
        return "false";
      }
    }
    const condition = state.active ? (rule.hold ?? rule.when) : rule.when;
    const answer = condition(this.#values);
    if (answer === undefined) return "unknown";
    if (answer !== true) return "false";
    if (state.active) return "true";
    // Before it may write, what the controller has now must have been read: a restart has no bump (field practice 67).
    return rule.written.every((slot) => this.#values[slot] !== undefined) ? "true" : "unknown";
  }

  #maybeFire(at: number, rule: Rule, state: RuleState, decide: (decision: Decision) => void): void {
    if (state.truth !== "true") {
      state.sinceUs = NaN;
      return;
    }
    if (Number.isNaN(state.sinceUs)) state.sinceUs = this.#nowUs;
    const fromUs = Math.max(state.sinceUs + rule.forUs, state.firedUs + rule.atMostEveryUs);
    if (this.#nowUs < fromUs) {
      this.#wakeRule(at, fromUs);
      return;
    }
    state.active = true;
    state.reset = false;
    state.firedUs = this.#nowUs;
    state.firedCount++;
    state.sinceUs = NaN;
    decide(this.#decision(rule, "fired", rule.then));
    // What clears it is another condition, whose inputs may not change any more: it is judged in the next instant.
    if (rule.until !== undefined) this.#wakeRule(at, this.#nowUs + instantUs);
  }

  #maybeClear(rule: Rule, state: RuleState, decide: (decision: Decision) => void): void {
    const over =
      rule.until === undefined ? state.truth === "false" : rule.until(this.#values) === true;
    if (!over || (rule.latch && !state.reset)) return;
    state.active = false;
    state.reset = false;
    state.sinceUs = NaN;
    decide(this.#decision(rule, "cleared", rule.afterwards));
  }

  #tellUnknown(
    at: number,
    rule: Rule,
    state: RuleState,
    decide: (decision: Decision) => void,
  ): void {
    if (state.truth !== "unknown") {
      if (state.unknownTold) decide(this.#decision(rule, "known", []));
      state.unknownTold = false;
      state.unknownUs = NaN;
      return;
    }
    if (state.unknownTold) return;
    if (Number.isNaN(state.unknownUs)) state.unknownUs = this.#nowUs;
    const tellUs = state.unknownUs + (rule.onUnknown?.afterUs ?? unknownTellsAfterUs);
    if (this.#nowUs < tellUs) {
      this.#wakeRule(at, tellUs);
      return;
    }
    state.unknownTold = true;
    decide(this.#decision(rule, "unknown", rule.onUnknown?.then ?? []));
  }

  #decision(rule: Rule, what: Decision["what"], actions: readonly ActionFile[]): Decision {
    return { rule, what, atUs: this.#nowUs, operands: this.operands(rule), actions };
  }

  #put(slot: number, value: Value, atUs: number): void {
    if (Object.is(this.#values[slot], value)) return;
    this.#values[slot] = value;
    this.#changedUs[slot] = atUs;
    this.#markReaders(slot);
  }

  /** Only rules that read the place: what one rule decides never depends on which others there are. */
  #markReaders(slot: number): void {
    for (const at of this.#readers[slot] ?? []) this.#mark(at);
  }

  #proven(slot: number, atUs: number, freshForUs: number): void {
    this.#stale[slot] = 0;
    if (freshForUs === Infinity) return;
    this.#staleUs[slot] = Math.max(this.#staleUs[slot] ?? 0, atUs + freshForUs);
    this.#wake.want(slot, this.#staleUs[slot] ?? Infinity);
  }

  #woken(which: number): void {
    const slots = this.#book.slots.length;
    if (which >= slots) {
      this.#mark(which - slots);
      return;
    }
    this.#stale[which] = 1;
    this.#put(which, undefined, this.#nowUs);
  }

  #wakeRule(at: number, dueUs: number): void {
    this.#wake.want(this.#book.slots.length + at, dueUs);
  }

  #mark(at: number): void {
    if (this.#dirty[at] === 1) return;
    this.#dirty[at] = 1;
    this.#dirtyList.push(at);
  }

  #indexOf(rule: string): number {
    return this.#book.rules.findIndex(({ id }) => id === rule);
  }
}

/** Which rules have to be judged when a place changes. */
function readersOf({ rules, slots }: RuleBook): readonly (readonly number[])[] {
  const readers = slots.map((): Set<number> => new Set());
  for (const [at, rule] of rules.entries()) {
    const read = [...rule.inputs.map(({ slot }) => slot), ...rule.written];
    if (rule.states !== undefined) read.push(rule.states.slot);
    for (const slot of read) readers[slot]?.add(at);
  }
  return readers.map((each) => [...each]);
}

const int64Max = 2n ** 63n - 1n;

/** As CEL knows it: undefined for what is no value of the type, or passes 64 signed bits. */
function judged(type: ValueKind, value: Scalar | undefined): Value {
  switch (type) {
    case "bool":
      return typeof value === "boolean"
        ? value
        : typeof value === "number"
          ? value !== 0
          : undefined;
    case "int":
      if (typeof value === "bigint") return value > int64Max ? undefined : toInt(value);
      return Number.isSafeInteger(value) && typeof value === "number" ? value + 0 : undefined;
    case "double":
      return typeof value === "number"
        ? value
        : typeof value === "bigint"
          ? Number(value)
          : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
  }
}
