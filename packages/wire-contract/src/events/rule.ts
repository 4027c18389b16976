import type { JsonScalar } from "./command.ts";

/** One operand of a rule at the moment it is told about. */
export interface RuleOperand {
  readonly name: string;
  readonly value: JsonScalar;
  readonly measuredUs: number;
  /** OPC UA status code. */
  readonly status: number;
}

/**
 * A rule that changed: what it did is in the events of its commands and alarms. `unknown`: its inputs have been stale or
 * bad for a while, and it holds; `known`: they are good again. `reset`: a person let a latched one clear. `started`: all
 * rules of the gateway, which are the subject "", began to be scanned; `untilUs` is up to where the run before had come,
 * absent where it was killed.
 */
export interface RuleEvent {
  readonly what:
    "fired" | "cleared" | "unknown" | "known" | "paused" | "resumed" | "reset" | "started";
  readonly version: string;
  /** Why: each operand with its value and time. */
  readonly operands: readonly RuleOperand[];
  /** What it did, in words. */
  readonly actions: readonly string[];
  readonly person?: string;
  readonly reason?: string;
  readonly untilUs?: number;
}
