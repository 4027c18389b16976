import { ByteReader, ByteWriter, Malformed } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { SampleColumns } from "../frame.ts";
import type { Scalar } from "../scalar.ts";
import { valueKinds } from "./decimals.ts";
import * as extra from "./extras.ts";
import type { SortedColumns } from "./order.ts";
import { type SectionReader, writeSection } from "./sections.ts";
import { readSeriesValues, type ValuePlan, writeSeriesValues } from "./series-values.ts";
import { flagBits, traitsOf, type TargetColumns } from "./target.ts";
import { readSeriesTimes, timeModes, type TimePlan, writeSeriesTimes } from "./times.ts";

const directory = new ByteWriter(4_096);
const times = new ByteWriter(65_536);
const values = new ByteWriter(65_536);
const extras = new ByteWriter(4_096);

/** The layout for many samples of each tag: a segment for each tag, and four sections over all segments. */
export function writeByTag(
  out: ByteWriter,
  columns: SortedColumns,
  wide: ReadonlyMap<number, Scalar> | undefined,
  dictionary: Dictionary,
  packs: boolean,
): void {
  begin();
  for (let from = 0; from < columns.count;) {
    const index = columns.tag[from] ?? 0;
    let end = from + 1;
    while (end < columns.count && columns.tag[end] === index) end++;
    writeSegment(columns, wide, from, end - from, index, dictionary);
    from = end;
  }
  finish(out, packs);
}

/** The same for all samples of one tag, which need no column that says so. */
export function writeOneTag(
  out: ByteWriter,
  samples: Omit<SampleColumns, "tag">,
  index: number,
  dictionary: Dictionary,
  packs: boolean,
): void {
  begin();
  const columns = { ...samples, row: undefined, allGood: false };
  writeSegment(columns, samples.wide, 0, samples.count, index, dictionary);
  finish(out, packs);
}

/** Of the last segment that was written. */
let previousTag = 0;
let previousUs = 0;

function begin(): void {
  directory.clear();
  times.clear();
  values.clear();
  extras.clear();
  last.count = 0;
  previousTag = 0;
  previousUs = 0;
}

function finish(out: ByteWriter, packs: boolean): void {
  writeSection(out, directory, packs);
  writeSection(out, times, packs);
  writeSection(out, values, packs);
  writeSection(out, extras, packs);
}

function writeSegment(
  columns: Pick<SortedColumns, "measuredUs" | "value" | "status" | "row" | "allGood">,
  wide: ReadonlyMap<number, Scalar> | undefined,
  from: number,
  count: number,
  index: number,
  dictionary: Dictionary,
): void {
  const tag = traitsOf(dictionary, index);
  const timePlan = timesOf(columns.measuredUs, from, count);
  const valuePlan = writeSeriesValues(values, columns.value, from, count, tag);
  const scalars = extra.scalarsOf(wide, columns.row, from, count);
  const withStatus = !columns.allGood && extra.hasStatus(columns.status, from, count);

  directory.varint(index - previousTag);
  directory.varint(count);
  directory.byte(
    timePlan.mode |
      (timePlan.unit << 2) |
      (withStatus ? flagBits.status : 0) |
      (scalars.rows.length > 0 ? flagBits.scalars : 0) |
      (valuePlan.exceptions.length > 0 ? flagBits.exceptions : 0) |
      (valuePlan.constant ? flagBits.constant : 0),
  );
  directory.byte(valuePlan.mode);
  previousUs = writeTimePlan(timePlan, count, previousUs);
  writeValuePlan(valuePlan);
  if (withStatus) extra.writeStatus(extras, columns.status, from, count);
  if (valuePlan.exceptions.length > 0) {
    extra.writeExceptions(extras, valuePlan.exceptions, columns.value, from);
  }
  if (scalars.rows.length > 0) extra.writeScalars(extras, scalars);
  previousTag = index;
}

export function readByTag(
  sections: SectionReader,
  target: TargetColumns,
  dictionary: Dictionary,
): void {
  const input = new ByteReader(sections.next());
  const timeInput = new ByteReader(sections.next());
  const valueInput = new ByteReader(sections.next());
  const extraInput = new ByteReader(sections.next());
  sections.end();
  let index = 0;
  let previousUs = 0;
  let from = 0;
  while (input.left > 0) {
    const step = input.varint();
    if (step === 0 && from > 0) throw new Malformed("a tag has two segments");
    index += step;
    const tag = traitsOf(dictionary, index);
    const count = input.varint();
    if (count === 0 || count > target.count - from) {
      throw new Malformed("its segments have more rows than it says");
    }
    const flags = input.byte();
    const mode = input.byte();
    const timePlan = readTimePlan(input, flags, count, previousUs);
    if (timePlan.mode !== timeModes.raw) previousUs = startUs(timePlan);
    const valuePlan = readValuePlan(input, flags, mode);
    target.tag.fill(index, from, from + count);
    readSeriesTimes(timeInput, timePlan, target.measuredUs, from, count);
    readSeriesValues(valueInput, valuePlan, target.value, from, count, tag);
    if ((flags & flagBits.status) !== 0) extra.readStatus(extraInput, target.status, from, count);
    if ((flags & flagBits.exceptions) !== 0) {
      extra.readExceptions(extraInput, target.value, from, count);
    }
    if ((flags & flagBits.scalars) !== 0) extra.readScalars(extraInput, target.wide, from, count);
    from += count;
  }
  if (from !== target.count) throw new Malformed("its segments have fewer rows than it says");
  if (timeInput.left + valueInput.left + extraInput.left > 0) {
    throw new Malformed("a section is longer than its segments");
  }
}

/** The segment before: its rows, its plan, and where its bytes stand in the section. */
const last: { from: number; count: number; plan: TimePlan; byteFrom: number; byteEnd: number } = {
  from: 0,
  count: 0,
  plan: { mode: timeModes.grid, unit: 0, first: 0, step: 0 },
  byteFrom: 0,
  byteEnd: 0,
};

/** Tags that were polled together have the same times to the bit: those are written as they were before. */
function timesOf(measuredUs: Float64Array, from: number, count: number): TimePlan {
  if (count === last.count && sameNumbers(measuredUs, last.from, from, count)) {
    times.repeat(last.byteFrom, last.byteEnd);
    return last.plan;
  }
  last.from = from;
  last.count = count;
  last.byteFrom = times.length;
  last.plan = writeSeriesTimes(times, measuredUs, from, count);
  last.byteEnd = times.length;
  return last.plan;
}

function sameNumbers(numbers: Float64Array, one: number, other: number, count: number): boolean {
  for (let at = 0; at < count; at++) if (numbers[one + at] !== numbers[other + at]) return false;
  return true;
}

/** The start is written against that of the segment before: tags of one frame begin within moments of each other. */
function writeTimePlan(plan: TimePlan, count: number, previousUs: number): number {
  if (plan.mode === timeModes.raw) return previousUs;
  directory.zigzag(plan.first - ticksBefore(plan.unit, previousUs));
  if (count > 1) directory.zigzag(plan.step);
  return startUs(plan);
}

function readTimePlan(
  input: ByteReader,
  flags: number,
  count: number,
  previousUs: number,
): TimePlan {
  const mode = flags & flagBits.timeMode;
  const unit = (flags & flagBits.timeUnit) >> 2;
  if (unit > 1) throw new Malformed(`time unit ${unit} is not known`);
  if (mode === timeModes.raw) return { mode, unit, first: 0, step: 0 };
  const first = input.zigzag() + ticksBefore(unit, previousUs);
  return { mode, unit, first, step: count > 1 ? input.zigzag() : 0 };
}

function ticksBefore(unit: number, us: number): number {
  return unit === 1 ? Math.floor(us / 1_000) : us;
}

function startUs(plan: TimePlan): number {
  return plan.unit === 1 ? plan.first * 1_000 : plan.first;
}

function writeValuePlan(plan: ValuePlan): void {
  const kind = plan.mode >> 4;
  if (kind <= valueKinds.deviceSingle) directory.zigzag(plan.first);
  else if (kind === valueKinds.double && plan.constant) directory.float64(plan.first);
  else if (kind === valueKinds.single && plan.constant) directory.float32(plan.first);
}

function readValuePlan(input: ByteReader, flags: number, mode: number): ValuePlan {
  const kind = mode >> 4;
  const constant = (flags & flagBits.constant) !== 0;
  let first = 0;
  if (kind <= valueKinds.deviceSingle) first = input.zigzag();
  else if (kind === valueKinds.double && constant) first = input.float64();
  else if (kind === valueKinds.single && constant) first = input.float32();
  return { mode, constant, first, exceptions: [] };
}
