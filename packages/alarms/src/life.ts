/**
 * The life of one alarm after ANSI/ISA-18.2-2016 and IEC 62682:2022 (alarm state transition diagram). Pure: what is true
 * of an alarm and what happens go in, what is true afterwards comes out. The table says which state follows; a move that
 * is not in it cannot happen.
 */
import type { AlarmState, AlarmTransition } from "@millwright/wire-contract/events";

/** What is true of one alarm. Its state follows from it (`stateOf`). */
export interface AlarmLife {
  /** Its condition, after dead-band and delays; followed in every state, also while nobody is told. */
  readonly holds: boolean;
  /** Latching alarms only: the condition has held since the last reset. */
  readonly tripped: boolean;
  /** When people were last told of it, as long as that goes on, µs: the identity of this occurrence. 0 without one. */
  readonly raisedUs: number;
  readonly acknowledged: boolean;
  /** Of the newest occurrence ever: the next one is later, also when the clock was set back. */
  readonly lastRaisedUs: number;
  /** End of shelving, µs; 0 when it is not shelved. */
  readonly shelvedUntilUs: number;
  /** The shelf ends when the condition goes, and only at the latest with its time. */
  readonly shelvedUntilClear: boolean;
  readonly suppressed: boolean;
  readonly outOfService: boolean;
}

export const newLife: AlarmLife = {
  holds: false,
  tripped: false,
  raisedUs: 0,
  acknowledged: false,
  lastRaisedUs: 0,
  shelvedUntilUs: 0,
  shelvedUntilClear: false,
  suppressed: false,
  outOfService: false,
};

export type AlarmHappening =
  | "raise"
  | "clear"
  | "acknowledge"
  | "reset"
  | "shelve"
  | "unshelve"
  | "suppress"
  | "unsuppress"
  | "take-out-of-service"
  | "return-to-service";

/**
 * `over`: normal, or `latched` where the alarm latches. `beneath`: what is left when a cover is taken away: another cover,
 * `unacknowledged` where the condition holds, `returned` where it has tripped a latch, otherwise `normal`.
 */
type Next = AlarmState | "over" | "beneath";

/**
 * Every move an alarm can make; what is not in the table changes nothing or is refused. Shelving, suppression and being
 * out of service are covers: they may lie over each other, and the uppermost is the state.
 */
export const moves: Readonly<Record<AlarmState, Partial<Record<AlarmHappening, Next>>>> = {
  normal: {
    raise: "unacknowledged",
    shelve: "shelved",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  unacknowledged: {
    clear: "returned",
    acknowledge: "acknowledged",
    shelve: "shelved",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  acknowledged: {
    clear: "over",
    shelve: "shelved",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  returned: {
    raise: "unacknowledged",
    acknowledge: "over",
    shelve: "shelved",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  latched: {
    raise: "unacknowledged",
    reset: "normal",
    shelve: "shelved",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  shelved: {
    raise: "shelved",
    clear: "shelved",
    // Again: until another time, or until it clears.
    shelve: "shelved",
    unshelve: "beneath",
    suppress: "suppressed",
    "take-out-of-service": "out-of-service",
  },
  suppressed: {
    raise: "suppressed",
    clear: "suppressed",
    // A shelf that was there before ends beneath the suppression.
    unshelve: "suppressed",
    unsuppress: "beneath",
    "take-out-of-service": "out-of-service",
  },
  "out-of-service": {
    raise: "out-of-service",
    clear: "out-of-service",
    unshelve: "out-of-service",
    suppress: "out-of-service",
    unsuppress: "out-of-service",
    "return-to-service": "beneath",
  },
};

export type AlarmStep =
  | { readonly kind: "moved"; readonly life: AlarmLife; readonly transition: AlarmTransition }
  /** It is so already, or it does not concern this state. */
  | { readonly kind: "same" };

export interface HappeningAt {
  readonly atUs: number;
  /** Its condition needs a reset after it has gone. */
  readonly latching: boolean;
  /** Of `shelve`. */
  readonly untilUs?: number;
  readonly untilClear?: boolean;
}

export function stateOf(life: AlarmLife): AlarmState {
  if (life.outOfService) return "out-of-service";
  if (life.suppressed) return "suppressed";
  if (life.shelvedUntilUs > 0) return "shelved";
  if (life.raisedUs === 0) return "normal";
  if (life.holds) return life.acknowledged ? "acknowledged" : "unacknowledged";
  return life.acknowledged ? "latched" : "returned";
}

/** People are told of it in this state: it counts as active. */
export function isActive(state: AlarmState): boolean {
  return state === "unacknowledged" || state === "acknowledged";
}

/** A cover keeps it from people. */
export function isCovered(state: AlarmState): boolean {
  return state === "shelved" || state === "suppressed" || state === "out-of-service";
}

/** What follows when something happens to an alarm. */
export function stepLife(life: AlarmLife, happening: AlarmHappening, at: HappeningAt): AlarmStep {
  const from = stateOf(life);
  const next = moves[from][happening];
  if (next === undefined) return { kind: "same" };
  const after = effects[happening](life, at);
  if (after === undefined) return { kind: "same" };
  const to = stateOf(after);
  // Facts and table say the same, or one of them is wrong.
  const wanted = next === "over" ? (at.latching ? "latched" : "normal") : next;
  if (wanted !== "beneath" && to !== wanted) {
    throw new Error(
      `an alarm in ${from} went to ${to} by ${happening}, and may only go to ${wanted}`,
    );
  }
  return { kind: "moved", life: after, transition: transitionOf[happening] };
}

export const transitionOf: Readonly<Record<AlarmHappening, AlarmTransition>> = {
  raise: "raised",
  clear: "returned",
  acknowledge: "acknowledged",
  reset: "reset",
  shelve: "shelved",
  unshelve: "unshelved",
  suppress: "suppressed",
  unsuppress: "unsuppressed",
  "take-out-of-service": "taken-out-of-service",
  "return-to-service": "returned-to-service",
};

type Effect = (life: AlarmLife, at: HappeningAt) => AlarmLife | undefined;

const effects: Readonly<Record<AlarmHappening, Effect>> = {
  raise(life, at) {
    if (life.holds) return undefined;
    const holding = { ...life, holds: true, tripped: at.latching };
    return isCovered(stateOf(life)) ? holding : told(holding, at);
  },
  clear(life, at) {
    if (!life.holds) return undefined;
    const gone = { ...life, holds: false };
    if (isCovered(stateOf(life)) || at.latching || !life.acknowledged) return gone;
    return closed(gone);
  },
  acknowledge(life, at) {
    if (!life.holds && !at.latching) return closed(life);
    return { ...life, acknowledged: true };
  },
  reset: (life) => closed(life),
  shelve(life, { untilUs, untilClear = false }) {
    if (untilUs === undefined) return undefined;
    const isSo = untilUs === life.shelvedUntilUs && untilClear === life.shelvedUntilClear;
    return isSo
      ? undefined
      : covered({ ...life, shelvedUntilUs: untilUs, shelvedUntilClear: untilClear });
  },
  unshelve: (life, at) =>
    life.shelvedUntilUs === 0
      ? undefined
      : uncovered({ ...life, shelvedUntilUs: 0, shelvedUntilClear: false }, at),
  suppress: (life) => (life.suppressed ? undefined : covered({ ...life, suppressed: true })),
  unsuppress: (life, at) =>
    life.suppressed ? uncovered({ ...life, suppressed: false }, at) : undefined,
  "take-out-of-service": (life) => covered({ ...life, outOfService: true }),
  "return-to-service": (life, at) => uncovered({ ...life, outOfService: false }, at),
};

/** A new occurrence, later than any before it. */
function told(life: AlarmLife, at: HappeningAt): AlarmLife {
  const raisedUs = Math.max(at.atUs, life.lastRaisedUs + 1);
  return { ...life, raisedUs, lastRaisedUs: raisedUs, acknowledged: false };
}

function closed(life: AlarmLife): AlarmLife {
  return { ...life, raisedUs: 0, acknowledged: false, tripped: false };
}

/** Beneath a cover no occurrence goes on: what comes back is a new one, which nobody has acknowledged yet. */
function covered(life: AlarmLife): AlarmLife {
  return { ...life, raisedUs: 0, acknowledged: false };
}

/** The cover is gone: if no other is left, people are told of what holds, and of a latch that tripped meanwhile. */
function uncovered(life: AlarmLife, at: HappeningAt): AlarmLife {
  if (isCovered(stateOf(life))) return life;
  return life.holds || life.tripped ? told(life, at) : life;
}
