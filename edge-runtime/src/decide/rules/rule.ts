/** A rule that has been understood: its names are places in one table of inputs, its texts are closures. */
import type { Condition } from "./condition/compile.ts";
import type { ValueKind } from "./condition/node.ts";
import type { ActionFile } from "./rule-file.ts";

/** What one place of the table of inputs holds. Rules that name the same thing share the place. */
export type InputSource =
  | { readonly kind: "tag"; readonly tag: string; readonly index: number }
  | { readonly kind: "state" | "episode" | "severity"; readonly asset: string }
  | { readonly kind: "alarm"; readonly alarm: string };

export interface InputSlot {
  readonly source: InputSource;
  readonly type: ValueKind;
  /** Older than this after its last proof it is stale, µs; Infinity for what is told whenever it changes. */
  readonly freshForUs: number;
}

export interface RuleInput {
  readonly name: string;
  readonly slot: number;
}

export interface Rule {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  /** "" for one that is about the whole gateway. */
  readonly asset: string;
  /** The condition as it was written, for people. */
  readonly text: string;
  readonly inputs: readonly RuleInput[];
  readonly when: Condition;
  /** What keeps it fired, where that is not `when`. */
  readonly hold: Condition | undefined;
  /** What clears it, where that is not `hold` being false. */
  readonly until: Condition | undefined;
  readonly forUs: number;
  readonly atMostEveryUs: number;
  readonly latch: boolean;
  readonly states:
    | { readonly slot: number; readonly among: ReadonlySet<string>; readonly settleUs: number }
    | undefined;
  readonly onUnknown:
    { readonly afterUs: number; readonly then: readonly ActionFile[] } | undefined;
  readonly pausedBy: "nobody" | "supervisor" | "technician";
  readonly then: readonly ActionFile[];
  readonly afterwards: readonly ActionFile[];
  /** Places of the tags that it writes: known before the first write, so that a restart has no bump (field practice 67). */
  readonly written: readonly number[];
  /** Whose word its inputs are, where it writes. */
  readonly trusting: string | undefined;
}

/** All rules of a gateway, in the order of their ids, over one table of inputs. */
export interface RuleBook {
  readonly rules: readonly Rule[];
  readonly slots: readonly InputSlot[];
}
