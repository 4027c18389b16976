import { type ByteReader, type ByteWriter, Malformed, putVarint, toZigzag } from "../bytes.ts";
import { readPlanes, writePlanes } from "./planes.ts";
import { readDifferences, readGrid, sizeOf, writeDifferences, writeGrid } from "./residuals.ts";

/** How times are written. `grid`: first + index × step, exactly. */
export const timeModes = { grid: 0, residual: 1, difference: 2, raw: 3 } as const;

/** What the directory says of a run of times. */
export interface TimePlan {
  mode: number;
  /** 0: ticks are µs, 1: ticks are ms. */
  unit: number;
  /** In ticks. */
  first: number;
  step: number;
}

const usPerTick = [1, 1_000];
// Beyond these a sum or a zigzag code would no longer be exact in a double. 2^52 µs is the year 2112.
const greatestUs = 2 ** 52;
const greatestSpanUs = 2 ** 51;

let ticks = new Float64Array(1_024);

/** Writes the times of one tag: they lie near a grid, unless samples are missing or the device says when it likes. */
export function writeSeriesTimes(
  out: ByteWriter,
  measuredUs: Float64Array,
  from: number,
  count: number,
): TimePlan {
  const near = writeNearGrid(out, measuredUs, from, count);
  if (near !== undefined) return near;
  const unit = toTicks(measuredUs, from, count);
  if (unit < 0) {
    writePlanes(out, measuredUs, from, count, 8);
    return { mode: timeModes.raw, unit: 0, first: 0, step: 0 };
  }
  const first = ticks[0] ?? 0;
  const gridStep = count < 2 ? 0 : Math.round(((ticks[count - 1] ?? 0) - first) / (count - 1));
  const worst = worstResidual(count, gridStep);
  if (worst === 0) return { mode: timeModes.grid, unit, first, step: gridStep };
  const step = worst < 64 ? 0 : medianStep(count);
  if (worst >= 64 && differenceBytes(count, step) < gridBytes(count, gridStep)) {
    writeDifferences(out, ticks, count, step);
    return { mode: timeModes.difference, unit, first, step };
  }
  writeGrid(out, ticks, count, gridStep);
  return { mode: timeModes.residual, unit, first, step: gridStep };
}

/**
 * What nearly all series are: whole milliseconds, each less than 64 of them from its place on the grid. Looked at and
 * written in one go; undefined, with nothing written, where a row is not of that kind.
 */
function writeNearGrid(
  out: ByteWriter,
  measuredUs: Float64Array,
  from: number,
  count: number,
): TimePlan | undefined {
  const first = millisecondsOf(measuredUs[from]);
  const last = millisecondsOf(measuredUs[from + count - 1]);
  // Rows between two such ends, near a line from one to the other, are in the exact range as well.
  const most = greatestUs / 1_000;
  if (!(Math.abs(first) <= most && Math.abs(last) <= most)) return undefined;
  if (Math.abs(last - first) > greatestSpanUs / 1_000) return undefined;
  const step = count < 2 ? 0 : Math.round((last - first) / (count - 1));
  out.reserve(count);
  const { bytes } = out;
  let at = out.length;
  let expected = first;
  let away = 0;
  for (let row = from + 1; row < from + count; row++) {
    const us = measuredUs[row] ?? NaN;
    const tick = Math.round(us / 1_000);
    expected += step;
    const residual = tick - expected;
    if (!(tick * 1_000 === us && residual > -64 && residual < 64)) return undefined;
    away |= residual;
    bytes[at++] = (residual << 1) ^ (residual >> 31);
  }
  if (away === 0) return { mode: timeModes.grid, unit: 1, first, step };
  out.length = at;
  return { mode: timeModes.residual, unit: 1, first, step };
}

/** NaN where it is no whole number of them. */
function millisecondsOf(us = NaN): number {
  const tick = Math.round(us / 1_000);
  return tick * 1_000 === us ? tick : NaN;
}

/** Writes the times of rows of many tags: they lie near one moment, or near the row before. */
export function writeRowTimes(out: ByteWriter, measuredUs: Float64Array, count: number): TimePlan {
  const unit = toTicks(measuredUs, 0, count);
  if (unit < 0) {
    writePlanes(out, measuredUs, 0, count, 8);
    return { mode: timeModes.raw, unit: 0, first: 0, step: 0 };
  }
  const first = median(count, (index) => ticks[index] ?? 0);
  const worst = worstAway(count, first);
  if (worst === 0) return { mode: timeModes.grid, unit, first, step: 0 };
  // The first row is written like the others, against a row before it that lies at `first`.
  const differences = worst >= 64 && differencesAreShorter(count, first, worst);
  out.reserve(count * 8);
  const bytes = out.bytes;
  let at = out.length;
  let previous = first;
  for (let index = 0; index < count; index++) {
    const tick = ticks[index] ?? 0;
    const away = tick - previous;
    if (differences) previous = tick;
    if (away >= -64 && away < 64) bytes[at++] = (away << 1) ^ (away >> 31);
    else at = putVarint(bytes, at, toZigzag(away));
  }
  out.length = at;
  const mode = differences ? timeModes.difference : timeModes.residual;
  return { mode, unit, first, step: 0 };
}

function worstAway(count: number, first: number): number {
  let least = first;
  let greatest = first;
  for (let index = 0; index < count; index++) {
    const tick = ticks[index] ?? 0;
    if (tick < least) least = tick;
    if (tick > greatest) greatest = tick;
  }
  return Math.max(greatest - first, first - least);
}

/** Neighbours were mostly received together, and then cost what the row before did. */
function differencesAreShorter(count: number, first: number, worst: number): boolean {
  let previous = ticks[0] ?? 0;
  let residualSize = sizeOf(previous - first);
  let residualBytes = residualSize;
  let differenceBytes = sizeOf(worst);
  for (let index = 1; index < count; index++) {
    const tick = ticks[index] ?? 0;
    if (tick === previous) {
      differenceBytes++;
    } else {
      differenceBytes += sizeOf(tick - previous);
      residualSize = sizeOf(tick - first);
      previous = tick;
    }
    residualBytes += residualSize;
  }
  return differenceBytes < residualBytes;
}

export function readSeriesTimes(
  input: ByteReader,
  plan: TimePlan,
  measuredUs: Float64Array,
  from: number,
  count: number,
): void {
  if (plan.mode === timeModes.raw) {
    readPlanes(input, measuredUs, from, count, 8);
    return;
  }
  if (plan.mode === timeModes.grid) {
    let tick = plan.first;
    for (let index = from; index < from + count; index++) {
      measuredUs[index] = tick;
      tick += plan.step;
    }
  } else if (plan.mode === timeModes.residual) {
    readGrid(input, measuredUs, from, count, plan.first, plan.step);
  } else {
    readDifferences(input, measuredUs, from, count, plan.first, plan.step);
  }
  toMicroseconds(plan.unit, measuredUs, from, count);
}

export function readRowTimes(
  input: ByteReader,
  plan: TimePlan,
  measuredUs: Float64Array,
  count: number,
): void {
  if (plan.mode === timeModes.raw) {
    readPlanes(input, measuredUs, 0, count, 8);
    return;
  }
  if (plan.mode === timeModes.grid) {
    measuredUs.fill(plan.first, 0, count);
  } else if (plan.mode === timeModes.residual) {
    readResiduals(input, measuredUs, count, plan.first, factorOf(plan.unit));
    return;
  } else {
    const first = plan.first + input.zigzag();
    readDifferences(input, measuredUs, 0, count, first, 0);
  }
  toMicroseconds(plan.unit, measuredUs, 0, count);
}

function readResiduals(
  input: ByteReader,
  measuredUs: Float64Array,
  count: number,
  first: number,
  factor: number,
): void {
  const { bytes } = input;
  let at = input.at;
  for (let index = 0; index < count; index++) {
    const byte = bytes[at] ?? 0x80;
    if (byte < 0x80) {
      at++;
      measuredUs[index] = (first + ((byte >>> 1) ^ -(byte & 1))) * factor;
      continue;
    }
    input.at = at;
    measuredUs[index] = (first + input.zigzag()) * factor;
    at = input.at;
  }
  input.at = at;
}

/** Fills `ticks`; answers the unit, or -1 when the times are no whole µs within the exact range. */
function toTicks(measuredUs: Float64Array, from: number, count: number): number {
  if (ticks.length < count) ticks = new Float64Array(count);
  let whole = true;
  let milliseconds = true;
  let previousUs = NaN;
  let tick = 0;
  let least = Infinity;
  let greatest = -Infinity;
  for (let index = 0; index < count; index++) {
    const us = measuredUs[from + index] ?? 0;
    if (us === previousUs) {
      ticks[index] = tick;
      continue;
    }
    previousUs = us;
    tick = Math.round(us / 1_000);
    ticks[index] = tick;
    if (tick * 1_000 !== us) milliseconds = false;
    if (us < least) least = us;
    if (us > greatest) greatest = us;
    if (Math.round(us) !== us) whole = false;
  }
  // NaN is not whole. Negative zero is: it comes back as zero, which is the same moment.
  if (!whole || !(-least <= greatestUs && greatest <= greatestUs)) return -1;
  if (greatest - least > greatestSpanUs) return -1;
  if (milliseconds) return 1;
  for (let index = 0; index < count; index++) ticks[index] = measuredUs[from + index] ?? 0;
  return 0;
}

function toMicroseconds(unit: number, measuredUs: Float64Array, from: number, count: number): void {
  const factor = factorOf(unit);
  if (factor === 1) return;
  for (let index = from; index < from + count; index++) {
    measuredUs[index] = (measuredUs[index] ?? 0) * factor;
  }
}

function factorOf(unit: number): number {
  const factor = usPerTick[unit];
  if (factor === undefined) throw new Malformed(`time unit ${unit} is not known`);
  return factor;
}

function worstResidual(count: number, step: number): number {
  let worst = 0;
  let expected = ticks[0] ?? 0;
  for (let index = 1; index < count; index++) {
    expected += step;
    const away = Math.abs((ticks[index] ?? 0) - expected);
    if (away > worst) worst = away;
  }
  return worst;
}

function gridBytes(count: number, step: number): number {
  const first = ticks[0] ?? 0;
  let bytes = 0;
  for (let index = 1; index < count; index++) {
    bytes += sizeOf((ticks[index] ?? 0) - first - index * step);
  }
  return bytes;
}

function differenceBytes(count: number, step: number): number {
  let bytes = 0;
  for (let index = 1; index < count; index++) {
    bytes += sizeOf((ticks[index] ?? 0) - (ticks[index - 1] ?? 0) - step);
  }
  return bytes;
}

function medianStep(count: number): number {
  return median(count - 1, (index) => (ticks[index + 1] ?? 0) - (ticks[index] ?? 0));
}

/** Median of at most 31 numbers spread over all: near enough, and free of outliers. */
function median(count: number, numberAt: (index: number) => number): number {
  const taken = Math.min(31, count);
  const some = new Float64Array(taken);
  for (let index = 0; index < taken; index++) {
    some[index] = numberAt(Math.floor((index * count) / taken));
  }
  some.sort();
  return some[taken >> 1] ?? 0;
}
