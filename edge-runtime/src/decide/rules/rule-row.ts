/** Types only: what screens and commands see of the rules of a gateway. */
import type { Refused } from "@millwright/kit";
import type { JsonScalar } from "@millwright/wire-contract/events";

/** One input as it was judged, for "why did it fire". */
export interface OperandRow {
  /** As the condition names it. */
  readonly name: string;
  /** What it is: "tag press-1/temp", "state of Press 1". */
  readonly source: string;
  /** Null while nothing is known. 64-bit integers that no double holds are text with an `n` behind. */
  readonly value: JsonScalar;
  readonly measuredUs: number;
  /** OPC UA status code. */
  readonly status: number;
  readonly stale: boolean;
}

/** One rule as it stands. */
export interface RuleRow {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  readonly asset: string;
  /** "When temp > 95.0 for 60 s" */
  readonly when: string;
  /** "write 900 to cnc/speed, raise bearing-hot" */
  readonly then: string;
  /** What its condition says now. */
  readonly truth: "true" | "false" | "unknown";
  /** It has fired and has not cleared. */
  readonly fired: boolean;
  /** Absent when it never has, as far as this gateway remembers. */
  readonly lastFiredUs?: number;
  /** Since its version was taken on. */
  readonly firedCount: number;
  /** The condition is true since, and `for` is not over. */
  readonly pendingSinceUs?: number;
  /** Stays fired until somebody resets it. */
  readonly latch: boolean;
  readonly pausedBy: "nobody" | "supervisor" | "technician";
  readonly paused?: {
    readonly untilUs: number;
    readonly person: string;
    readonly reason: string;
  };
  /** Inputs as they are now. */
  readonly now: readonly OperandRow[];
  /** Inputs when it fired last, since the start of this program. */
  readonly why?: readonly OperandRow[];
  /** Why unsigned inputs are good enough for it, as the engineer wrote it. */
  readonly trusting?: string;
}

/** The rules of this gateway. */
export interface RuleDesk {
  /** In the order in which they are scanned. */
  list(): readonly RuleRow[];
  row(id: string): RuleRow | undefined;
  /** Nothing is decided until then. On disk when it resolves. @param minutes 1 to 480 */
  pause(id: string, minutes: number, person: string, reason: string): Promise<RuleActDone>;
  resume(id: string, person: string): Promise<RuleActDone>;
  /** Of a rule that latches: somebody has seen it. It clears as soon as its condition does not hold. */
  reset(id: string, person: string): Promise<RuleActDone>;
  /** Called with the ids of rules that changed what they say. Returns what takes the call back. */
  onChanged(listener: (rules: readonly string[]) => void): () => void;
}

export type RuleActDone = { readonly kind: "done" } | Refused;
