import type { Dictionary } from "../dictionary.ts";
import { type Rule, ruleOf, type ValueMode, valueKinds } from "./decimals.ts";
import { tagOf } from "./target.ts";

/** The rules of one dictionary, each made when it is first needed: one for every row would be the cost of the row. */
export class RuleBook {
  readonly #dictionary: Dictionary;
  /** By mode where the mode alone says it all; by tag index and mode for the others. */
  readonly #ofMode = new Map<ValueMode, Rule | undefined>();
  readonly #ofTag = new Map<number, Rule | undefined>();

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
  }

  /** Undefined for modes whose values are no whole numbers. */
  rule(mode: ValueMode, index: number): Rule | undefined {
    const kind = mode >> 4;
    const needsTag =
      kind === valueKinds.asDictionary ||
      kind === valueKinds.device ||
      kind === valueKinds.deviceSingle;
    const rules = needsTag ? this.#ofTag : this.#ofMode;
    const key = needsTag ? index * 256 + mode : mode;
    const known = rules.get(key);
    if (known !== undefined) return known;
    const made = ruleOf(mode, tagOf(this.#dictionary, index));
    rules.set(key, made);
    return made;
  }
}

const books = new WeakMap<Dictionary, RuleBook>();

export function ruleBookOf(dictionary: Dictionary): RuleBook {
  let book = books.get(dictionary);
  if (book === undefined) {
    book = new RuleBook(dictionary);
    books.set(dictionary, book);
  }
  return book;
}
