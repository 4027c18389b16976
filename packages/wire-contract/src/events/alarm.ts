/**
 * States of an alarm (ANSI/ISA-18.2-2016 and IEC 62682:2022, alarm state transition diagram). `latched`: the condition has gone and a
 * person has seen it, and it still waits for a reset.
 */
export type AlarmState =
  | "normal"
  | "unacknowledged"
  | "acknowledged"
  | "returned"
  | "latched"
  | "shelved"
  | "suppressed"
  | "out-of-service";

/** What made an alarm change. */
export type AlarmTransition =
  | "raised"
  | "acknowledged"
  | "returned"
  | "reset"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "taken-out-of-service"
  | "returned-to-service";

/** 1 urgent, 2 high, 3 low (ux-guide section 5). */
export type AlarmPriority = 1 | 2 | 3;

/** One transition of one alarm; the whole history of an alarm is its transitions. */
export interface AlarmEvent {
  readonly transition: AlarmTransition;
  /** The state after it. */
  readonly state: AlarmState;
  readonly priority: AlarmPriority;
  /** What is wrong, in words. */
  readonly message: string;
  /** Number of the event that raised it, so that one occurrence can be told from the next; 0 in the raising one itself. */
  readonly raised: number;
  readonly tag?: string;
  readonly value?: number;
  readonly limit?: number;
  readonly unit?: string;
  /** Who, where a person did it. */
  readonly person?: string;
  readonly reason?: string;
  /** End of shelving or of being out of service, µs. */
  readonly untilUs?: number;
}
