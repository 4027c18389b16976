import { ByteReader, ByteWriter, Malformed } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { Scalar } from "../scalar.ts";
import type { TagDefinition } from "../tag.ts";
import {
  exponentOf,
  fromWhole,
  type Rule,
  ruleOf,
  toMode,
  toWhole,
  type ValueMode,
  valueKinds,
} from "./decimals.ts";
import * as extra from "./extras.ts";
import type { SortedColumns } from "./order.ts";
import { type SectionReader, writeSection } from "./sections.ts";
import { flagBits, tagOf, type TargetColumns } from "./target.ts";
import { readRowTimes, timeModes, writeRowTimes } from "./times.ts";

const directory = new ByteWriter(4_096);
const times = new ByteWriter(65_536);
const values = new ByteWriter(65_536);
const extras = new ByteWriter(4_096);
const modes = new ByteWriter(4_096);

/** The layout for one or few samples of each of many tags: a row each, and four sections over all rows. */
export function writeWide(
  out: ByteWriter,
  columns: SortedColumns,
  wide: ReadonlyMap<number, Scalar> | undefined,
  dictionary: Dictionary,
): void {
  for (const section of [directory, times, values, extras]) section.clear();
  const count = columns.count;
  const timePlan = writeRowTimes(times, columns.measuredUs, count);
  const scalars = extra.scalarsOf(wide, columns.row, 0, count);
  const withStatus = extra.hasStatus(columns.status, 0, count);
  directory.byte(
    timePlan.mode |
      (timePlan.unit << 2) |
      (withStatus ? flagBits.status : 0) |
      (scalars.rows.length > 0 ? flagBits.scalars : 0),
  );
  if (timePlan.mode !== timeModes.raw) directory.zigzag(timePlan.first);
  writeTags(columns.tag, count);
  writeValues(columns, dictionary);
  if (withStatus) extra.writeStatus(extras, columns.status, 0, count);
  if (scalars.rows.length > 0) extra.writeScalars(extras, scalars);
  for (const section of [directory, times, values, extras]) writeSection(out, section);
}

export function readWide(
  sections: SectionReader,
  target: TargetColumns,
  dictionary: Dictionary,
): void {
  const input = new ByteReader(sections.next());
  const timeInput = new ByteReader(sections.next());
  const valueInput = new ByteReader(sections.next());
  const extraInput = new ByteReader(sections.next());
  sections.end();
  const { count } = target;
  const flags = input.byte();
  if ((flags & (flagBits.exceptions | flagBits.constant)) !== 0) {
    throw new Malformed("its flags are not known");
  }
  const mode = flags & flagBits.timeMode;
  const first = mode === timeModes.raw ? 0 : input.zigzag();
  const unit = (flags & flagBits.timeUnit) >> 2;
  readRowTimes(timeInput, { mode, unit, first, step: 0 }, target.measuredUs, count);
  readTags(input, target);
  readValues(input, valueInput, target, dictionary);
  if ((flags & flagBits.status) !== 0) extra.readStatus(extraInput, target.status, 0, count);
  if ((flags & flagBits.scalars) !== 0) extra.readScalars(extraInput, target.wide, 0, count);
  if (input.left + timeInput.left + valueInput.left + extraInput.left > 0) {
    throw new Malformed("a section is longer than its rows");
  }
}

/** Runs of equal steps: indices of one device mostly follow each other. The row before the first has index -1. */
function writeTags(tag: Int32Array, count: number): void {
  let previous = -1;
  for (let at = 0; at < count;) {
    const step = (tag[at] ?? 0) - previous;
    previous = tag[at] ?? 0;
    let length = 1;
    while (at + length < count && (tag[at + length] ?? 0) - previous === step) {
      previous = tag[at + length] ?? 0;
      length++;
    }
    directory.varint(step);
    directory.varint(length);
    at += length;
  }
}

function readTags(input: ByteReader, target: TargetColumns): void {
  let index = -1;
  for (let at = 0; at < target.count;) {
    const step = input.varint();
    const length = input.varint();
    if (length === 0 || length > target.count - at)
      throw new Malformed("a run of tags is too long");
    if (index + step * length > 2 ** 31 - 1 || index + step < 0) {
      throw new Malformed("a tag index is out of range");
    }
    for (const end = at + length; at < end; at++) {
      index += step;
      target.tag[at] = index;
    }
  }
}

/** Where a row begins whose tag and mode are those of the row before, it is written as the difference to it. */
function writeValues(columns: SortedColumns, dictionary: Dictionary): void {
  modes.clear();
  let tag: TagDefinition | undefined;
  let rule: Rule | undefined;
  let previousWhole = 0;
  let runMode = -1;
  let runLength = 0;
  for (let row = 0; row < columns.count; row++) {
    const index = columns.tag[row] ?? 0;
    const value = columns.value[row] ?? 0;
    const sameTag = tag?.index === index;
    if (!sameTag) {
      tag = tagOf(dictionary, index);
      rule = ruleOf(toMode(valueKinds.asDictionary, 0), tag);
    }
    let whole = rule === undefined ? Number.NaN : toWhole(rule, value);
    let differs = sameTag && rule !== undefined;
    if (Number.isNaN(whole) && tag !== undefined) {
      const mode = modeOf(value, tag);
      differs = differs && rule?.mode === mode;
      rule = ruleOf(mode, tag);
      if (rule === undefined) {
        writePlain(mode, value);
        whole = 0;
        if (mode !== runMode) {
          writeRun(runMode, runLength);
          runMode = mode;
          runLength = 0;
        }
        runLength++;
        continue;
      }
      whole = toWhole(rule, value);
    }
    const mode = rule?.mode ?? 0;
    values.zigzag(differs ? whole - previousWhole : whole);
    previousWhole = whole;
    if (mode !== runMode) {
      writeRun(runMode, runLength);
      runMode = mode;
      runLength = 0;
    }
    runLength++;
  }
  writeRun(runMode, runLength);
  directory.raw(modes.view());
}

function writeRun(mode: ValueMode, length: number): void {
  if (length === 0) return;
  modes.byte(mode);
  modes.varint(length);
}

function writePlain(mode: ValueMode, value: number): void {
  if (mode >> 4 === valueKinds.double) values.float64(value);
  else if (mode >> 4 === valueKinds.single) values.float32(value);
}

function modeOf(value: number, tag: TagDefinition): ValueMode {
  if (Number.isNaN(value)) return toMode(valueKinds.none, 0);
  const single = tag.type === "float32" && Object.is(Math.fround(value), value);
  const exponent = exponentOf(value, single);
  if (exponent >= 0) {
    return toMode(single ? valueKinds.decimalSingle : valueKinds.decimal, exponent);
  }
  const device = toMode(single ? valueKinds.deviceSingle : valueKinds.device, 0);
  const rule = ruleOf(device, tag);
  if (rule !== undefined && !Number.isNaN(toWhole(rule, value))) return device;
  return toMode(single ? valueKinds.single : valueKinds.double, 0);
}

function readValues(
  input: ByteReader,
  valueInput: ByteReader,
  target: TargetColumns,
  dictionary: Dictionary,
): void {
  let tag: TagDefinition | undefined;
  let rule: Rule | undefined;
  let ruleMode = -1;
  let whole = 0;
  for (let row = 0; row < target.count;) {
    const mode = input.byte();
    const length = input.varint();
    if (length === 0 || length > target.count - row)
      throw new Malformed("a run of modes is too long");
    for (const end = row + length; row < end; row++) {
      const index = target.tag[row] ?? 0;
      const sameTag = tag?.index === index;
      if (!sameTag) tag = tagOf(dictionary, index);
      if (tag === undefined) continue;
      const same = sameTag && ruleMode === mode;
      if (!same) rule = ruleOf(mode, tag);
      ruleMode = mode;
      if (rule === undefined) {
        target.value[row] = readPlain(mode, valueInput);
        continue;
      }
      whole = valueInput.zigzag() + (same ? whole : 0);
      target.value[row] = fromWhole(rule, whole);
    }
  }
}

function readPlain(mode: ValueMode, input: ByteReader): number {
  switch (mode >> 4) {
    case valueKinds.none:
      return Number.NaN;
    case valueKinds.double:
      return input.float64();
    case valueKinds.single:
      return input.float32();
    default:
      throw new Malformed(`value mode ${mode} is not known`);
  }
}
