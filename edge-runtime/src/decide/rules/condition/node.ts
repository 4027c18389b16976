/** What a condition may be about: CEL scalars. Integers are CEL's 64-bit `int`, whatever width the controller has. */
export type ValueKind = "bool" | "int" | "double" | "string";

/**
 * A value as it is computed with. An `int` is a number while a double holds it exactly and a bigint beyond: nearly all
 * stay small, and bigints cost an allocation each. `undefined` is unknown: a stale or bad input, an overflow, a
 * division by zero; CEL's errors and its unknowns are one thing here, because a rule does the same about both.
 */
export type Value = number | bigint | boolean | string | undefined;

/** A condition after parsing: the part of CEL that rules have, with places in its text. */
export type Node =
  | {
      readonly kind: "constant";
      readonly at: number;
      readonly type: ValueKind;
      readonly value: Value;
    }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly Node[] }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly call: string;
      /** The receiver of a method comes first. */
      readonly of: readonly Node[];
    };

/** A condition after the check of types: names have become places in the table of inputs. */
export type Typed =
  | { readonly kind: "constant"; readonly type: ValueKind; readonly value: Value }
  | {
      readonly kind: "input";
      readonly type: ValueKind;
      readonly slot: number;
      readonly name: string;
    }
  | {
      readonly kind: "call";
      readonly type: ValueKind;
      readonly call: string;
      readonly of: readonly Typed[];
    };

/** As values are computed with: a number wherever a double is exact. */
export function toInt(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** What is wrong with a condition, and where. */
export interface ConditionProblem {
  /** Characters from its beginning. */
  readonly at: number;
  readonly what: string;
}

export function isProblem(found: object): found is ConditionProblem {
  return "what" in found;
}
