import { type ByteReader, ByteWriter, Malformed, putVarint, toZigzag } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { TagTraits } from "../tag-book.ts";
import { exponentOf, fromWhole, toMode, toWhole, type ValueMode, valueKinds } from "./decimals.ts";
import type { SortedColumns } from "./order.ts";
import { type RuleBook, ruleBookOf, shown } from "./rule-book.ts";
import { traitsOf, type TargetColumns } from "./target.ts";

/**
 * Values of the wide layout: each row by itself, under a mode of its own. Modes are written as runs; nearly always
 * there is one, because the digits that a screen shows are the digits that a tag has. A row whose tag and mode are
 * those of the row before is written as the difference to it.
 */
const runs = new ByteWriter(4_096);

export function writeRowValues(
  directory: ByteWriter,
  values: ByteWriter,
  columns: SortedColumns,
  dictionary: Dictionary,
): void {
  const book = ruleBookOf(dictionary);
  const powers = book.shownPowers;
  const { tag, value: numbers, count } = columns;
  runs.clear();
  // A row takes 8 bytes at most, so this is the last growth.
  values.reserve(count * 8);
  const bytes = values.bytes;
  let at = values.length;
  let previousIndex = -1;
  let previousMode = -1;
  let previousWhole = 0;
  let runLength = 0;
  for (let row = 0; row < count; row++) {
    const index = tag[row] ?? 0;
    const value = numbers[row] ?? 0;
    const sameTag = index === previousIndex;
    let mode = shown;
    let whole = shortWhole(value, powers[index] ?? 0);
    const number = sameTag ? whole - previousWhole : whole;
    // NaN is not in the range either.
    if (number > -halfMax && number < halfMax && (!sameTag || previousMode === shown)) {
      const code = (number << 1) ^ (number >> 31);
      if (code < 0x80) {
        bytes[at++] = code;
      } else if (code < 0x4000) {
        bytes[at++] = code | 0x80;
        bytes[at++] = code >> 7;
      } else at = putVarint(bytes, at, code);
    } else {
      values.length = at;
      mode = sameTag ? previousMode : shown;
      let rule = book.rule(mode, index);
      whole = rule === undefined ? Number.NaN : toWhole(rule, value);
      if (Number.isNaN(whole)) {
        mode = modeOf(book, value, index, traitsOf(dictionary, index));
        rule = book.rule(mode, index);
        whole = rule === undefined ? 0 : toWhole(rule, value);
      }
      if (rule === undefined) writePlain(values, mode, value);
      else {
        const differs = sameTag && mode === previousMode;
        values.varint(toZigzag(differs ? whole - previousWhole : whole));
      }
      at = values.length;
    }
    if (mode !== previousMode && runLength > 0) {
      writeRun(previousMode, runLength);
      runLength = 0;
    }
    runLength++;
    previousIndex = index;
    previousMode = mode;
    previousWhole = whole;
  }
  values.length = at;
  writeRun(previousMode, runLength);
  directory.raw(runs.view());
}

/** Zigzag codes of numbers below this have 31 bits. */
const halfMax = 2 ** 30;

/** The whole number that gives `value` back by a division through `power`; NaN where that is not plain to see. */
function shortWhole(value: number, power: number): number {
  const whole = Math.round(value * power);
  // Negative zero has no whole number; division by a power of 0 gives nothing back.
  return whole / power === value && (whole !== 0 || 1 / value > 0) ? whole : Number.NaN;
}

export function readRowValues(
  directory: ByteReader,
  values: ByteReader,
  target: TargetColumns,
  dictionary: Dictionary,
): void {
  const book = ruleBookOf(dictionary);
  let previousIndex = -1;
  let previousMode = -1;
  let whole = 0;
  for (let row = 0; row < target.count;) {
    const mode = directory.byte();
    const length = directory.varint();
    if (length === 0 || length > target.count - row) {
      throw new Malformed("a run of modes is too long");
    }
    for (const end = row + length; row < end;) {
      if (mode === shown) {
        const differsAt = previousMode === shown ? previousIndex : -1;
        const next = readShort(values, target, book.shownPowers, row, end, differsAt, whole);
        if (next > row) {
          whole = lastWhole;
          previousMode = mode;
          previousIndex = target.tag[next - 1] ?? 0;
          row = next;
          continue;
        }
      }
      const index = target.tag[row] ?? 0;
      const rule = book.rule(mode, index);
      // The rules of some modes are the same for all tags; the tag must be known all the same.
      if (mode !== shown && index !== previousIndex) traitsOf(dictionary, index);
      if (rule === undefined) {
        target.value[row] = readPlain(values, mode);
      } else {
        const differs = index === previousIndex && mode === previousMode;
        whole = values.zigzag() + (differs ? whole : 0);
        target.value[row] = fromWhole(rule, whole);
      }
      previousIndex = index;
      previousMode = mode;
      row++;
    }
  }
}

/** Of the last row that `readShort` has read. */
let lastWhole = 0;

/**
 * Reads rows of the mode `shown` for as long as their numbers have three bytes at most and their tags are known doubles:
 * nearly all there are, and the loop stays free of calls.
 *
 * @param previousIndex the tag of the row before, where a row of the same tag is a difference to `previousWhole`
 * @returns the first row that is not read
 */
function readShort(
  input: ByteReader,
  { tag, value }: TargetColumns,
  powers: Float64Array,
  from: number,
  end: number,
  previousIndex: number,
  previousWhole: number,
): number {
  const { bytes } = input;
  let at = input.at;
  let whole = previousWhole;
  let previous = previousIndex;
  let row = from;
  for (; row < end; row++) {
    const index = tag[row] ?? 0;
    const power = powers[index] ?? 0;
    if (power === 0) break;
    let code = bytes[at] ?? 0x80;
    let size = 1;
    if (code >= 0x80) {
      const second = bytes[at + 1] ?? 0x80;
      code = (code & 0x7f) | ((second & 0x7f) << 7);
      size = 2;
      if (second >= 0x80) {
        const third = bytes[at + 2] ?? 0x80;
        if (third >= 0x80) break;
        code |= third << 14;
        size = 3;
      }
    }
    at += size;
    const number = (code >>> 1) ^ -(code & 1);
    whole = index === previous ? whole + number : number;
    value[row] = whole / power;
    previous = index;
  }
  input.at = at;
  lastWhole = whole;
  return row;
}

function writeRun(mode: ValueMode, length: number): void {
  runs.byte(mode);
  runs.varint(length);
}

function writePlain(values: ByteWriter, mode: ValueMode, value: number): void {
  if (mode >> 4 === valueKinds.double) values.float64(value);
  else if (mode >> 4 === valueKinds.single) values.float32(value);
}

function readPlain(values: ByteReader, mode: ValueMode): number {
  switch (mode >> 4) {
    case valueKinds.none:
      return Number.NaN;
    case valueKinds.double:
      return values.float64();
    case valueKinds.single:
      return values.float32();
    default:
      throw new Malformed(`value mode ${mode} is not known`);
  }
}

/** The cheapest way that gives exactly this value back. */
function modeOf(book: RuleBook, value: number, index: number, tag: TagTraits): ValueMode {
  if (Number.isNaN(value)) return toMode(valueKinds.none, 0);
  const single = tag.type === "float32" && Object.is(Math.fround(value), value);
  const exponent = exponentOf(value, single);
  if (exponent >= 0) {
    return toMode(single ? valueKinds.decimalSingle : valueKinds.decimal, exponent);
  }
  const device = toMode(single ? valueKinds.deviceSingle : valueKinds.device, 0);
  const rule = book.rule(device, index);
  if (rule !== undefined && !Number.isNaN(toWhole(rule, value))) return device;
  return toMode(single ? valueKinds.single : valueKinds.double, 0);
}
