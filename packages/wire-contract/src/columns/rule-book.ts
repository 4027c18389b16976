import type { Dictionary } from "../dictionary.ts";
import { type Rule, ruleOf, toMode, type ValueMode, valueKinds } from "./decimals.ts";
import { traitsOf } from "./target.ts";

/** The mode of nearly all rows. */
export const shown: ValueMode = toMode(valueKinds.asDictionary, 0);

/**
 * Indices are given from 0 on, so an array by index has few holes; one that is far away is looked up instead. Twice what
 * the largest gateways have: 4 MB at most.
 */
const shownMax = 262_144;

/** The rules of one dictionary, each made when it is first needed: one for every row would be the cost of the row. */
export class RuleBook {
  readonly #dictionary: Dictionary;
  readonly #shown: (Rule | undefined)[] = [];
  /** By mode where the mode alone says it all; by tag index and mode for the others. */
  readonly #ofMode = new Map<ValueMode, Rule | undefined>();
  readonly #ofTag = new Map<number, Rule | undefined>();

  /**
   * By tag index: what a value is multiplied with under the mode `shown`, where its rule is nothing but that: 10 to the
   * power of the digits shown. 0 for tags of another kind.
   */
  readonly shownPowers: Float64Array;

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary;
    const { indices } = dictionary.book;
    let size = 0;
    for (const index of indices) if (index < shownMax) size = Math.max(size, index + 1);
    this.shownPowers = new Float64Array(size);
    for (const index of indices) {
      const rule = index < size ? this.rule(shown, index) : undefined;
      if (rule !== undefined && !rule.single) this.shownPowers[index] = rule.power;
    }
  }

  /** Undefined for modes whose values are no whole numbers. */
  rule(mode: ValueMode, index: number): Rule | undefined {
    if (mode === shown && index < shownMax) return (this.#shown[index] ??= this.#make(mode, index));
    const kind = mode >> 4;
    const needsTag =
      kind === valueKinds.asDictionary ||
      kind === valueKinds.device ||
      kind === valueKinds.deviceSingle;
    const rules = needsTag ? this.#ofTag : this.#ofMode;
    const key = needsTag ? index * 256 + mode : mode;
    const known = rules.get(key);
    if (known !== undefined) return known;
    const made = this.#make(mode, index);
    rules.set(key, made);
    return made;
  }

  /** Fails on a tag that the dictionary does not know. */
  #make(mode: ValueMode, index: number): Rule | undefined {
    return ruleOf(mode, traitsOf(this.#dictionary, index));
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
