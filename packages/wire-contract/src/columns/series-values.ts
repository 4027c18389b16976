import { type ByteReader, type ByteWriter, Malformed, putVarint } from "../bytes.ts";
import { isWide } from "../scalar.ts";
import type { TagTraits } from "../tag-book.ts";
import {
  exponentOf,
  fromWhole,
  powers,
  type Rule,
  ruleOf,
  toMode,
  toWhole,
  type ValueMode,
  valueKinds,
} from "./decimals.ts";
import { readPlanes, writePlanes } from "./planes.ts";
import { readDifferences, sizeOf, writeDifferences } from "./residuals.ts";

/** What the directory says of the values of one tag. */
export interface ValuePlan {
  mode: ValueMode;
  /** All whole numbers, or all bits, are those of `first`; the section holds nothing. */
  constant: boolean;
  /** A whole number, or for `double` and `single` the value itself where constant. */
  first: number;
  /** Rows, counted from the first of the segment, whose value no whole number gives (NaN, infinities, -0 …). */
  exceptions: readonly number[];
}

let wholes = new Float64Array(1_024);

/** Writes the values of one tag, row after row, as the differences of whole numbers wherever that is exact. */
export function writeSeriesValues(
  out: ByteWriter,
  value: Float64Array,
  from: number,
  count: number,
  tag: TagTraits,
): ValuePlan {
  if (wholes.length < count) wholes = new Float64Array(count);
  if (Number.isNaN(value[from]) && allNaN(value, from, count)) {
    return { mode: toMode(valueKinds.none, 0), constant: false, first: 0, exceptions: [] };
  }
  const single = tag.type === "float32";
  let mode = likelyMode(value, from, count, tag, single);
  // Each turn has a greater exponent, so there are few of them.
  while (mode >= 0) {
    const rule = ruleOf(mode, tag);
    if (rule === undefined) break;
    const short = writeShort(out, rule, value, from, count);
    if (short !== undefined) return short;
    const exceptions = fillWholes(rule, value, from, count);
    if (exceptions !== undefined) {
      const constant = allEqual(count);
      if (constant || fits(count, single ? 4 : 8)) {
        if (!constant) writeDifferences(out, wholes, count, 0);
        return { mode, constant, first: wholes[0] ?? 0, exceptions };
      }
      break;
    }
    mode = rule.device ? -1 : greaterMode(rule, value, from, count, single);
  }
  return writeAsTheyAre(out, value, from, count, single);
}

// However many rows follow, each with a difference below the one, none comes near the bound of whole numbers.
const shortDifference = 2 ** 30;
const shortFirst = 2 ** 50;

/**
 * Decimals without an exception, as nearly all series are: looked at and written in one go; undefined, with nothing
 * written, where they are not.
 */
function writeShort(
  out: ByteWriter,
  rule: Rule,
  value: Float64Array,
  from: number,
  count: number,
): ValuePlan | undefined {
  const { mode, power } = rule;
  if (rule.device || rule.single) return undefined;
  const first = wholeOf(value[from] ?? NaN, power);
  if (!(Math.abs(first) < shortFirst)) return undefined;
  out.reserve(count * 5);
  const { bytes } = out;
  let at = out.length;
  let previous = first;
  let changes = 0;
  for (let row = from + 1; row < from + count; row++) {
    const one = value[row] ?? NaN;
    const whole = Math.round(one * power);
    // A whole number has no negative zero.
    if (whole / power !== one || (whole === 0 && 1 / one < 0)) return undefined;
    const difference = whole - previous;
    previous = whole;
    if (!(difference > -shortDifference && difference < shortDifference)) return undefined;
    const code = (difference << 1) ^ (difference >> 31);
    changes |= code;
    if (code < 0x80) bytes[at++] = code;
    else if (code < 0x4000) {
      bytes[at++] = code | 0x80;
      bytes[at++] = code >> 7;
    } else at = putVarint(bytes, at, code);
  }
  const constant = changes === 0;
  if (!constant) out.length = at;
  return { mode, constant, first, exceptions: noExceptions };
}

/** NaN where the number times the power gives it not back. */
function wholeOf(value: number, power: number): number {
  const whole = Math.round(value * power);
  return whole / power === value && (whole !== 0 || 1 / value > 0) ? whole : NaN;
}

export function readSeriesValues(
  input: ByteReader,
  plan: ValuePlan,
  value: Float64Array,
  from: number,
  count: number,
  tag: TagTraits,
): void {
  const kind = plan.mode >> 4;
  if (kind === valueKinds.none) {
    value.fill(Number.NaN, from, from + count);
    return;
  }
  if (kind === valueKinds.double || kind === valueKinds.single) {
    if (plan.constant) value.fill(plan.first, from, from + count);
    else readPlanes(input, value, from, count, kind === valueKinds.double ? 8 : 4);
    return;
  }
  const rule = kind === valueKinds.asDictionary ? undefined : ruleOf(plan.mode, tag);
  if (rule === undefined) throw new Malformed(`value mode ${plan.mode} is not known`);
  if (plan.constant) {
    value.fill(fromWhole(rule, plan.first), from, from + count);
    return;
  }
  readDifferences(input, value, from, count, plan.first, 0);
  if (rule.device || rule.single) {
    for (let index = from; index < from + count; index++) {
      value[index] = fromWhole(rule, value[index] ?? 0);
    }
  } else if (rule.power !== 1) {
    const power = rule.power;
    for (let index = from; index < from + count; index++) {
      value[index] = (value[index] ?? 0) / power;
    }
  }
}

function allNaN(value: Float64Array, from: number, count: number): boolean {
  for (let index = from; index < from + count; index++) {
    if (!Number.isNaN(value[index])) return false;
  }
  return true;
}

function allEqual(count: number): boolean {
  const first = wholes[0] ?? 0;
  for (let index = 1; index < count; index++) if (wholes[index] !== first) return false;
  return true;
}

/**
 * Guesses from at most 16 rows; the full pass finds out. Where that takes no exception, two rows are enough: it comes
 * back for more. -1: no whole numbers here.
 */
function likelyMode(
  value: Float64Array,
  from: number,
  count: number,
  tag: TagTraits,
  single: boolean,
): number {
  const taken = count < 8 ? Math.min(2, count) : Math.min(16, count);
  let misses = 0;
  let exponent = 0;
  for (let turn = 0; turn < taken; turn++) {
    const one = value[from + Math.floor((turn * count) / taken)] ?? 0;
    // Nearly all values of a tag have the same digits; what the greatest so far gives back needs no search.
    if (!single && givesBack(one, powers[exponent] ?? 1)) continue;
    const needed = exponentOf(one, single);
    if (needed < 0) misses++;
    exponent = Math.max(exponent, needed);
  }
  const device = deviceRuleOf(tag, single, misses, exponent);
  if (device !== undefined) {
    let deviceMisses = 0;
    for (let turn = 0; turn < taken && deviceMisses <= misses; turn++) {
      const one = value[from + Math.floor((turn * count) / taken)] ?? 0;
      if (Number.isNaN(toWhole(device, one))) deviceMisses++;
    }
    if (deviceMisses < misses || deviceMisses === 0) return device.mode;
  }
  // With NaN in place of what was not measured, half of the rows may miss.
  if (misses > taken / 2 || (isWide(tag.type) && misses > 0)) return -1;
  return toMode(single ? valueKinds.decimalSingle : valueKinds.decimal, exponent);
}

/** The device's own numbers, where they could be shorter than decimals are. */
function deviceRuleOf(
  tag: TagTraits,
  single: boolean,
  misses: number,
  exponent: number,
): Rule | undefined {
  if (tag.scale === 1 && tag.offset === 0) return undefined;
  if (misses === 0 && exponent === 0) return undefined;
  // A scale of 0.01 gives the same whole numbers as two decimals do.
  const finer = Math.abs(tag.scale) * (powers[exponent] ?? 1) < 1.5;
  if (misses === 0 && finer && tag.offset === 0) return undefined;
  return ruleOf(toMode(single ? valueKinds.deviceSingle : valueKinds.device, 0), tag);
}

/** The quick half of `exponentOf`: true only where it would find `power` or less. */
function givesBack(value: number, power: number): boolean {
  const whole = Math.round(value * power);
  return whole / power === value && whole !== 0 && whole < 2 ** 51 && whole > -(2 ** 51);
}

function greaterMode(
  rule: Rule,
  value: Float64Array,
  from: number,
  count: number,
  single: boolean,
): number {
  let exponent = rule.mode & 15;
  const before = exponent;
  for (let index = from; index < from + count; index++) {
    const one = value[index] ?? 0;
    if (Number.isNaN(toWhole(rule, one))) exponent = Math.max(exponent, exponentOf(one, single));
  }
  if (exponent === before) return -1;
  return toMode(rule.mode >> 4, exponent);
}

const noExceptions: number[] = [];

/**
 * Fills `wholes`. A row without a whole number repeats the one before, so that its difference is 0, and is answered as
 * an exception; undefined when more than one row in eight is one.
 */
function fillWholes(
  rule: Rule,
  value: Float64Array,
  from: number,
  count: number,
): readonly number[] | undefined {
  let exceptions = noExceptions;
  const exceptionsMax = count >> 3;
  const plain = !rule.device && !rule.single;
  const power = rule.power;
  let previous = 0;
  for (let index = 0; index < count; index++) {
    const one = value[from + index] ?? 0;
    let whole: number;
    if (plain) {
      whole = Math.round(one * power);
      // Zero, and what is near the bound, take the careful way.
      const exact = whole / power === one && whole !== 0 && whole < 2 ** 51 && whole > -(2 ** 51);
      if (!exact) whole = toWhole(rule, one);
    } else {
      whole = toWhole(rule, one);
    }
    if (Number.isNaN(whole)) {
      if (exceptions.length >= exceptionsMax) return undefined;
      if (exceptions === noExceptions) exceptions = [];
      exceptions.push(index);
      whole = previous;
    }
    // -0 + 0 is 0.
    whole += 0;
    wholes[index] = whole;
    previous = whole;
  }
  return exceptions;
}

/** Are the differences, at their worst, smaller than the values as they are? */
function fits(count: number, size: number): boolean {
  let bytes = sizeOf(wholes[0] ?? 0);
  for (let index = 1; index < count; index++) {
    bytes += sizeOf((wholes[index] ?? 0) - (wholes[index - 1] ?? 0));
  }
  return bytes < count * size;
}

function writeAsTheyAre(
  out: ByteWriter,
  value: Float64Array,
  from: number,
  count: number,
  declaredSingle: boolean,
): ValuePlan {
  let single = declaredSingle;
  let constant = true;
  const first = value[from] ?? 0;
  for (let index = from; index < from + count; index++) {
    const one = value[index] ?? 0;
    if (single && !Object.is(Math.fround(one), one)) single = false;
    if (constant && !Object.is(one, first)) constant = false;
  }
  if (!constant) writePlanes(out, value, from, count, single ? 4 : 8);
  const mode = toMode(single ? valueKinds.single : valueKinds.double, 0);
  return { mode, constant, first, exceptions: [] };
}
