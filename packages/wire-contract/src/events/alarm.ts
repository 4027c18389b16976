/**
 * States of an alarm (ANSI/ISA-18.2-2016 and IEC 62682:2022, alarm state transition diagram). `latched`: the condition has gone and a
 * person has seen it, and it still waits for a reset.
 */
export const alarmStates = [
  "normal",
  "unacknowledged",
  "acknowledged",
  "returned",
  "latched",
  "shelved",
  "suppressed",
  "out-of-service",
] as const;
export type AlarmState = (typeof alarmStates)[number];

/**
 * What made an alarm change. `noted`: a machine said something that nobody has to act on; it is kept and is no alarm.
 * `not-acknowledged`: nothing changed; what a person at the hub asked for was refused, and `reason` says why. `annotated`: nothing
 * changed; somebody wrote a note.
 */
export type AlarmTransition =
  | "raised"
  | "acknowledged"
  | "not-acknowledged"
  | "returned"
  | "reset"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "taken-out-of-service"
  | "returned-to-service"
  | "annotated"
  | "noted";

/** 1 urgent, 2 high, 3 low (ux-guide section 5). */
export type AlarmPriority = 1 | 2 | 3;

/** One transition of one alarm; the whole history of an alarm is its transitions. The `subject` of the event is the alarm's id. */
export interface AlarmEvent {
  readonly transition: AlarmTransition;
  /** The state after it. */
  readonly state: AlarmState;
  readonly priority: AlarmPriority;
  /** What is wrong, in words. */
  readonly message: string;
  /**
   * When its condition came, µs; with the alarm's id the identity of this occurrence, the same in all its transitions. Rises from one
   * occurrence of an alarm to the next, also when the clock was set back. 0 in a transition without an occurrence.
   */
  readonly raisedUs: number;
  /** Name of its class; absent from what is only noted. */
  readonly class?: string;
  readonly group?: string;
  readonly tag?: string;
  readonly value?: number;
  readonly limit?: number;
  readonly unit?: string;
  /** Who, where a person did it. */
  readonly person?: string;
  /** Reason of a person, the work order, or what suppresses it. */
  readonly reason?: string;
  /** End of shelving, µs. */
  readonly untilUs?: number;
  /** The shelf ends when the condition goes, and at `untilUs` at the latest. A hub that does not know it shows `untilUs`. */
  readonly untilClear?: true;
  /** Of `annotated`: what somebody wrote. Who covers or acknowledged the alarm stays in `person` and `reason`. */
  readonly note?: AlarmNote;
  /** The person was at the hub: the number of what was asked there, which this answers. */
  readonly asked?: number;
  /** `machine`: the machine itself found it, as a fault or an alarm of its own. Absent: this gateway judged it. */
  readonly source?: "machine";
  /** When the machine says that it came, by the machine's own clock, µs; absent where it does not say. */
  readonly machineUs?: number;
}

/** What a person has to say about an occurrence of an alarm: what was seen, what was tried. */
export interface AlarmNote {
  readonly text: string;
  /** The name of who wrote it. */
  readonly author: string;
}

/** One alarm as it is now, for a page and for rules. */
export interface AlarmRow {
  readonly id: string;
  readonly asset: string;
  readonly state: AlarmState;
  readonly priority: AlarmPriority;
  readonly message: string;
  /** Name of its class, and its group; "" for none. */
  readonly class: string;
  readonly group: string;
  /** Of the open occurrence; 0 where there is none. */
  readonly raisedUs: number;
  /** Its newest transition, µs; 0 as long as there was none. */
  readonly changedUs: number;
  /** The condition holds now, whether or not the state shows it. */
  readonly holds: boolean;
  /** Why its condition cannot be judged now ("no value", "bad: sensor fault"): what was true last still counts. */
  readonly held?: string;
  readonly tag?: string;
  readonly value?: number;
  readonly limit?: number;
  readonly unit?: string;
  /** What to do first, what happens otherwise, what it may come from, and within how many minutes. */
  readonly action: string;
  readonly consequence: string;
  readonly causes: readonly string[];
  readonly respondMin: number;
  /** Waits for a reset after it was acknowledged. */
  readonly latching: boolean;
  /** Longest shelving, hours. */
  readonly shelveHoursMax: number;
  /** Who shelved it, acknowledged it or took it out of service; reason, work order, or what suppresses it. */
  readonly person?: string;
  readonly reason?: string;
  /** End of shelving, µs, or the latest. */
  readonly untilUs?: number;
  readonly untilClear?: true;
  /** As in `AlarmEvent`. */
  readonly source?: "machine";
  readonly machineUs?: number;
  /** Activations in the last minute, where there are enough of them to call it chattering; 0 otherwise. */
  readonly chatter: number;
  /** Active for longer than a day. */
  readonly standing: boolean;
  /** Its condition came first among those of its group that are still open. */
  readonly firstOut: boolean;
}

/** Counts of the alarms that there are, for header, navigation and strip. */
export interface AlarmCounts {
  /** Unacknowledged and active, or acknowledged and active; by priority 1 to 3. */
  readonly active: readonly [number, number, number];
  /** Of those and of the returned ones, how many nobody has acknowledged; by priority 1 to 3. */
  readonly unacknowledged: readonly [number, number, number];
  readonly returned: number;
  readonly latched: number;
  readonly shelved: number;
  readonly suppressed: number;
  readonly outOfService: number;
  /** Alarms that came in the last ten minutes and since midnight of the gateway. */
  readonly lastTenMinutes: number;
  readonly today: number;
  /** Present during a flood: since when, µs, and alarms since then. */
  readonly flood?: { readonly sinceUs: number; readonly count: number };
}
