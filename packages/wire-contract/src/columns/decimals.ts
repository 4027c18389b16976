import type { TagTraits } from "../tag-book.ts";

/**
 * Most values of a plant are short decimals or whole numbers times a scale, although they travel as doubles. Written as
 * whole numbers they cost a quarter of their XOR code (limits, 2a). A way is used only where it gives back the very
 * same double.
 */
export const valueKinds = {
  /** whole / 10^exponent */
  decimal: 0,
  /** the single nearest to whole / 10^exponent */
  decimalSingle: 1,
  /** scale × whole + offset, with scale and offset of the dictionary */
  device: 2,
  /** the single nearest to scale × whole + offset */
  deviceSingle: 3,
  /** as it is, 8 bytes */
  double: 4,
  /** as it is, 4 bytes, exact */
  single: 5,
  /** NaN in every row: the values are scalars, or there are none */
  none: 6,
  /** as decimal or decimalSingle, with the exponent that the dictionary shows on screens; in the wide layout only */
  asDictionary: 7,
} as const;

/** Kind in the upper four bits, exponent in the lower four. */
export type ValueMode = number;

export const exponentMax = 12;
export const powers: readonly number[] = Array.from({ length: 16 }, (_, index) => 10 ** index);

// 2^51: the difference of two such numbers still has an exact zigzag code.
const wholeMax = 2 ** 51;
// A single that needs more than 7 digits is noise: its decimal form would take as many bytes as the single itself.
const wholeMaxSingle = 2 ** 22;

export function toMode(kind: number, exponent: number): ValueMode {
  return kind * 16 + exponent;
}

/** How whole numbers become the values of one tag under one mode. */
export interface Rule {
  readonly mode: ValueMode;
  readonly device: boolean;
  readonly single: boolean;
  readonly power: number;
  readonly scale: number;
  readonly offset: number;
}

/** Rules that are the same for all tags, by mode. */
const decimalRules: readonly Rule[] = Array.from({ length: 32 }, (_, mode) =>
  decimalRule(mode, mode & 15, mode >> 4 === valueKinds.decimalSingle),
);

/** What `asDictionary` means, by digits shown: tags that show alike share a rule, doubles first and then singles. */
const shownRules: readonly Rule[] = Array.from({ length: 2 * (exponentMax + 1) }, (_, at) =>
  decimalRule(toMode(valueKinds.asDictionary, 0), at >> 1, (at & 1) === 1),
);

function decimalRule(mode: ValueMode, exponent: number, single: boolean): Rule {
  return { mode, device: false, single, power: powers[exponent] ?? 1, scale: 1, offset: 0 };
}

/** The rule of a mode whose values are whole numbers; undefined for the others. */
export function ruleOf(
  mode: ValueMode,
  { decimals, type, scale, offset }: Pick<TagTraits, "decimals" | "type" | "scale" | "offset">,
): Rule | undefined {
  if (mode < decimalRules.length) return decimalRules[mode];
  const kind = mode >> 4;
  if (kind === valueKinds.asDictionary && (mode & 15) === 0) {
    return shownRules[Math.min(decimals, exponentMax) * 2 + (type === "float32" ? 1 : 0)];
  }
  let exponent = mode & 15;
  let single = kind === valueKinds.deviceSingle;
  if (kind === valueKinds.asDictionary) {
    exponent = Math.min(decimals, exponentMax);
    single = type === "float32";
  } else if (kind > valueKinds.deviceSingle) {
    return undefined;
  }
  const device = kind === valueKinds.device || kind === valueKinds.deviceSingle;
  return { mode, device, single, power: powers[exponent] ?? 1, scale, offset };
}

/** The whole number from which the rule gives back exactly `value`; NaN when there is none. */
export function toWhole(rule: Rule, value: number): number {
  const whole = Math.round(rule.device ? (value - rule.offset) / rule.scale : value * rule.power);
  const max = rule.single ? wholeMaxSingle : wholeMax;
  if (!(whole <= max && whole >= -max)) return Number.NaN;
  // Object.is: a whole number has no negative zero.
  return Object.is(fromWhole(rule, whole === 0 ? 0 : whole), value) ? whole : Number.NaN;
}

export function fromWhole(rule: Rule, whole: number): number {
  const value = rule.device ? rule.scale * whole + rule.offset : whole / rule.power;
  return rule.single ? Math.fround(value) : value;
}

/** The least exponent that gives `value` back, or -1. */
export function exponentOf(value: number, single: boolean): number {
  const max = single ? wholeMaxSingle : wholeMax;
  for (let exponent = 0; exponent <= exponentMax; exponent++) {
    const power = powers[exponent] ?? 1;
    const whole = Math.round(value * power);
    if (!(whole <= max && whole >= -max)) return -1;
    const back = (whole === 0 ? 0 : whole) / power;
    if (Object.is(single ? Math.fround(back) : back, value)) return exponent;
  }
  return -1;
}
