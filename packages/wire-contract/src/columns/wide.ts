import { ByteReader, ByteWriter, Malformed } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { Scalar } from "../scalar.ts";
import * as extra from "./extras.ts";
import type { SortedColumns } from "./order.ts";
import { type SectionReader, writeSection } from "./sections.ts";
import { flagBits, type TargetColumns } from "./target.ts";
import { readRowTimes, timeModes, writeRowTimes } from "./times.ts";
import { readRowValues, writeRowValues } from "./row-values.ts";

const directory = new ByteWriter(4_096);
const times = new ByteWriter(65_536);
const values = new ByteWriter(65_536);
const extras = new ByteWriter(4_096);

/** The layout for one or few samples of each of many tags: a row each, and four sections over all rows. */
export function writeWide(
  out: ByteWriter,
  columns: SortedColumns,
  wide: ReadonlyMap<number, Scalar> | undefined,
  dictionary: Dictionary,
  packs: boolean,
): void {
  for (const section of [directory, times, values, extras]) section.clear();
  const count = columns.count;
  const timePlan = writeRowTimes(times, columns.measuredUs, count);
  const scalars = extra.scalarsOf(wide, columns.row, 0, count);
  const withStatus = !columns.allGood && extra.hasStatus(columns.status, 0, count);
  directory.byte(
    timePlan.mode |
      (timePlan.unit << 2) |
      (withStatus ? flagBits.status : 0) |
      (scalars.rows.length > 0 ? flagBits.scalars : 0),
  );
  if (timePlan.mode !== timeModes.raw) directory.zigzag(timePlan.first);
  writeTags(columns.tag, count);
  writeRowValues(directory, values, columns, dictionary);
  if (withStatus) extra.writeStatus(extras, columns.status, 0, count);
  if (scalars.rows.length > 0) extra.writeScalars(extras, scalars);
  for (const section of [directory, times, values, extras]) writeSection(out, section, packs);
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
  readRowValues(input, valueInput, target, dictionary);
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
