import { ByteReader, ByteWriter, Malformed } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { Scalar } from "../scalar.ts";
import { fromWhole, toWhole, type ValueMode, valueKinds } from "./decimals.ts";
import * as extra from "./extras.ts";
import {
  forgetNumbers,
  makeNumberModel,
  readNumber,
  readSigned,
  readTree,
  writeNumber,
  writeSigned,
  writeTree,
  type NumberModel,
} from "./number-model.ts";
import type { SortedColumns } from "./order.ts";
import { forget, makeBits, RangeReader, RangeWriter, type Bits } from "./range-coder.ts";
import { ruleBookOf } from "./rule-book.ts";
import { modeOfSeries } from "./series-mode.ts";
import { flagBits, traitsOf, type TargetColumns } from "./target.ts";

/**
 * The layout for few samples of some of many tags, at times of their own: what is told within a bound. Rows are written in
 * the order of time, so that a time is a small step from the row before, and a tag is mostly the one that followed the
 * tag before when that was written last; a value is written against the one of its tag before.
 */
const head = new ByteWriter(64);
const extras = new ByteWriter(4_096);
const coded = new ByteWriter(16_384);
const singleBits = new DataView(new ArrayBuffer(8));

/** Of more rows there are mostly many of each tag, and their columns take less. A reader takes no more for one frame. */
export const byTimeMax = 4_096;
// The difference of two such times is exact.
const greatestUs = 2 ** 51;

const modeBits = 8;

/** What is learned while a frame is written or read; each frame begins anew, because each decodes alone. */
interface Models {
  readonly gaps: NumberModel;
  readonly modes: Bits;
  /** After a row of another time, and after one of the same. */
  readonly steps: readonly NumberModel[];
  /** At the time of the row before: how much further on in the list. */
  readonly further: NumberModel;
  /** At another time: whether the tag is the expected one, and which it is. */
  readonly expected: Bits;
  readonly places: Bits;
  /** The first value of a tag, and differences by the length of the one before. */
  readonly values: readonly NumberModel[];
}

const numberModels = (count: number): readonly NumberModel[] =>
  Array.from({ length: count }, makeNumberModel);

/** Used again and again: making them anew would cost as much as a small frame. */
const models: Models = {
  gaps: makeNumberModel(),
  modes: makeBits(2 ** modeBits),
  steps: numberModels(2),
  further: makeNumberModel(),
  expected: makeBits(1),
  places: makeBits(byTimeMax),
  values: numberModels(5),
};

function forgetModels(): void {
  const numbers = [models.gaps, models.further, ...models.steps, ...models.values];
  for (const number of numbers) forgetNumbers(number);
  for (const bits of [models.modes, models.expected, models.places]) forget(bits);
}

/** What is known of one tag of the list, while its rows are written or read. */
interface Place {
  readonly index: number;
  readonly mode: ValueMode;
  /** What its value is written against: a whole number, or the bits of a single. */
  number: number;
  /** Which of `Models.values` its next one takes. */
  model: number;
  /** The place that followed it last. */
  next: number;
}

/** Answers false, and has written nothing, where the order of time is not that of each tag or a time is no whole µs. */
export function writeByTime(
  out: ByteWriter,
  columns: SortedColumns,
  wide: ReadonlyMap<number, Scalar> | undefined,
  dictionary: Dictionary,
): boolean {
  const { count, tag, measuredUs, value } = columns;
  const unit = unitOf(columns);
  if (unit < 0) return false;
  const order = Int32Array.from({ length: count }, (_row, row) => row);
  order.sort((a, b) => (measuredUs[a] ?? 0) - (measuredUs[b] ?? 0) || a - b);
  const { rowPlaces, list } = placesOf(columns, dictionary);

  const perTick = unit === 1 ? 1_000 : 1;
  let tick = (measuredUs[order[0] ?? 0] ?? 0) / perTick;
  writeHead(columns, wide, unit, tick, list.length);
  coded.clear();
  const coder = new RangeWriter(coded);
  const placeBits = placeBitsOf(list.length);
  forgetModels();
  let previousIndex = 0;
  for (const { index, mode } of list) {
    writeNumber(coder, models.gaps, index - previousIndex);
    writeTree(coder, models.modes, modeBits, mode);
    previousIndex = index;
  }
  const book = ruleBookOf(dictionary);
  let same = 0;
  let placeBefore = 0;
  for (const row of order) {
    const next = (measuredUs[row] ?? 0) / perTick;
    writeNumber(coder, models.steps[same] as NumberModel, next - tick);
    same = next === tick ? 1 : 0;
    tick = next;
    const at = rowPlaces[row] ?? 0;
    const before = list[placeBefore] as Place;
    if (same === 1) writeNumber(coder, models.further, at - placeBefore);
    else {
      coder.bit(models.expected, 0, at === before.next ? 0 : 1);
      if (at !== before.next) writeTree(coder, models.places, placeBits, at);
    }
    before.next = at;
    placeBefore = at;
    const place = list[at] as Place;
    const rule = book.rule(place.mode, tag[row] ?? 0);
    const one = value[row] ?? 0;
    const kind = place.mode >> 4;
    if (rule !== undefined) writeValue(coder, place, toWhole(rule, one));
    else if (kind === valueKinds.single) writeValue(coder, place, bitsOfSingle(one));
    else if (kind === valueKinds.double) writeDouble(coder, one);
  }
  coder.end();
  out.raw(head.view());
  out.raw(coded.view());
  return true;
}

export function readByTime(bytes: Uint8Array, target: TargetColumns, dictionary: Dictionary): void {
  const input = new ByteReader(bytes);
  const { count } = target;
  if (count > byTimeMax) throw new Malformed(`by time it has more than ${byTimeMax} rows`);
  const flags = input.byte();
  const unit = (flags & flagBits.timeUnit) >> 2;
  const known = flagBits.timeUnit | flagBits.status | flagBits.scalars;
  if ((flags & ~known) !== 0 || unit > 1) throw new Malformed("its flags are not known");
  let tick = input.zigzag();
  const size = input.varint();
  if (size === 0 || size > count) throw new Malformed("it lists more tags than it has rows");
  readExtras(input, flags, target);

  const coder = new RangeReader(input);
  const placeBits = placeBitsOf(size);
  forgetModels();
  const list = readList(coder, size, dictionary);
  const book = ruleBookOf(dictionary);
  const perTick = unit === 1 ? 1_000 : 1;
  const rowPlaces = new Int32Array(count);
  const values = new Float64Array(count);
  const times = new Float64Array(count);
  let same = 0;
  let placeBefore = 0;
  for (let row = 0; row < count; row++) {
    const step = readNumber(coder, models.steps[same] as NumberModel);
    same = step === 0 ? 1 : 0;
    tick += step;
    times[row] = tick * perTick;
    const before = list[placeBefore] as Place;
    let at: number;
    if (same === 1) at = placeBefore + readNumber(coder, models.further);
    else if (coder.bit(models.expected, 0) === 0) at = before.next;
    else at = readTree(coder, models.places, placeBits);
    const place = list[at];
    if (place === undefined) throw new Malformed("a row has a tag that is not in its list");
    rowPlaces[row] = at;
    before.next = at;
    placeBefore = at;
    const rule = book.rule(place.mode, place.index);
    const kind = place.mode >> 4;
    if (rule !== undefined) values[row] = fromWhole(rule, readValue(coder, place));
    else if (kind === valueKinds.single) {
      values[row] = singleOfBits(readValue(coder, place));
    } else values[row] = kind === valueKinds.double ? readDouble(coder) : Number.NaN;
  }
  coder.end();
  const to = rowsByPlace(rowPlaces, size);
  for (let row = 0; row < count; row++) {
    const at = to[row] ?? 0;
    target.tag[at] = list[rowPlaces[row] ?? 0]?.index ?? 0;
    target.measuredUs[at] = times[row] ?? 0;
    target.value[at] = values[row] ?? 0;
  }
}

/** Status and scalars are few: they stand in front, over the rows as they are sorted by tag. */
function writeHead(
  columns: SortedColumns,
  wide: ReadonlyMap<number, Scalar> | undefined,
  unit: number,
  tick: number,
  size: number,
): void {
  const { count, status } = columns;
  const scalars = extra.scalarsOf(wide, columns.row, 0, count);
  const withStatus = !columns.allGood && extra.hasStatus(status, 0, count);
  head.clear();
  head.byte(
    (unit << 2) |
      (withStatus ? flagBits.status : 0) |
      (scalars.rows.length > 0 ? flagBits.scalars : 0),
  );
  head.zigzag(tick);
  head.varint(size);
  if (!withStatus && scalars.rows.length === 0) return;
  extras.clear();
  if (withStatus) extra.writeStatus(extras, status, 0, count);
  if (scalars.rows.length > 0) extra.writeScalars(extras, scalars);
  head.block(extras.view());
}

function readExtras(input: ByteReader, flags: number, target: TargetColumns): void {
  if ((flags & (flagBits.status | flagBits.scalars)) === 0) return;
  const extraInput = new ByteReader(input.block());
  if ((flags & flagBits.status) !== 0) {
    extra.readStatus(extraInput, target.status, 0, target.count);
  }
  if ((flags & flagBits.scalars) !== 0) {
    extra.readScalars(extraInput, target.wide, 0, target.count);
  }
  if (extraInput.left > 0) throw new Malformed("a section is longer than its rows");
}

function readList(coder: RangeReader, size: number, dictionary: Dictionary): Place[] {
  let index = 0;
  return Array.from({ length: size }, (_place, at) => {
    const gap = readNumber(coder, models.gaps);
    if (gap === 0 && at > 0) throw new Malformed("a tag stands twice in its list");
    index += gap;
    const mode = readTree(coder, models.modes, modeBits);
    if (mode >> 4 > valueKinds.asDictionary) {
      throw new Malformed(`value mode ${mode} is not known`);
    }
    traitsOf(dictionary, index);
    return newPlace(index, mode, at, size);
  });
}

function newPlace(index: number, mode: ValueMode, at: number, size: number): Place {
  return { index, mode, number: 0, model: 0, next: (at + 1) % size };
}

/** The tags that occur, each once, and the place of each row among them. */
function placesOf(
  { count, tag, value }: SortedColumns,
  dictionary: Dictionary,
): { readonly rowPlaces: Int32Array; readonly list: Place[] } {
  const rowPlaces = new Int32Array(count);
  const found: { readonly index: number; readonly mode: ValueMode }[] = [];
  for (let from = 0; from < count;) {
    const index = tag[from] ?? 0;
    let end = from + 1;
    while (end < count && tag[end] === index) end++;
    rowPlaces.fill(found.length, from, end);
    const mode = modeOfSeries(value.subarray(from, end), index, dictionary);
    found.push({ index, mode });
    from = end;
  }
  const list = found.map(({ index, mode }, at) => newPlace(index, mode, at, found.length));
  return { rowPlaces, list };
}

function placeBitsOf(size: number): number {
  return 32 - Math.clz32(Math.max(1, size - 1));
}

/** 0: ticks are µs, 1: ms, -1: this layout cannot hold these times. */
function unitOf({ count, tag, measuredUs }: SortedColumns): number {
  let milliseconds = true;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    // Negative zero comes back as zero, which is the same moment; NaN is in no range.
    if (!(us >= -greatestUs && us <= greatestUs) || Math.round(us) !== us) return -1;
    if (us % 1_000 !== 0) milliseconds = false;
    if (row > 0 && tag[row] === tag[row - 1] && us < (measuredUs[row - 1] ?? 0)) return -1;
  }
  return milliseconds ? 1 : 0;
}

function writeValue(coder: RangeWriter, place: Place, number: number): void {
  const difference = number - place.number;
  writeSigned(coder, models.values[place.model] as NumberModel, difference);
  place.number = number;
  place.model = modelAfter(difference);
}

function readValue(coder: RangeReader, place: Place): number {
  const difference = readSigned(coder, models.values[place.model] as NumberModel);
  place.number += difference;
  place.model = modelAfter(difference);
  return place.number;
}

/** Steps of a tag are of a size: none, a few, tens, and more. */
function modelAfter(difference: number): number {
  const size = Math.abs(difference);
  if (size === 0) return 1;
  if (size < 8) return 2;
  return size < 128 ? 3 : 4;
}

/** Bits of a single as a number that rises with it, so that neighbours differ by little. */
function bitsOfSingle(value: number): number {
  singleBits.setFloat32(0, value);
  const bits = singleBits.getUint32(0);
  return bits >= 2 ** 31 ? 2 ** 31 - 1 - bits : bits;
}

function singleOfBits(number: number): number {
  const bits = number < 0 ? 2 ** 31 - 1 - number : number;
  if (!(bits >= 0 && bits < 2 ** 32)) throw new Malformed("a single has more than 32 bits");
  singleBits.setUint32(0, bits);
  return singleBits.getFloat32(0);
}

function writeDouble(coder: RangeWriter, value: number): void {
  singleBits.setFloat64(0, value);
  for (const at of [0, 4]) {
    const half = singleBits.getUint32(at);
    for (let bit = 31; bit >= 0; bit--) coder.evenBit((half >>> bit) & 1);
  }
}

function readDouble(coder: RangeReader): number {
  for (const at of [0, 4]) {
    let half = 0;
    for (let bit = 0; bit < 32; bit++) half = half * 2 + coder.evenBit();
    singleBits.setUint32(at, half);
  }
  return singleBits.getFloat64(0);
}

/** Where each row goes when rows are sorted by tag and keep their order within it. */
function rowsByPlace(rowPlaces: Int32Array, size: number): Int32Array {
  const next = new Int32Array(size + 1);
  for (const place of rowPlaces) next[place + 1] = (next[place + 1] ?? 0) + 1;
  for (let place = 0; place < size; place++) {
    next[place + 1] = (next[place + 1] ?? 0) + (next[place] ?? 0);
  }
  return rowPlaces.map((place) => {
    const to = next[place] ?? 0;
    next[place] = to + 1;
    return to;
  });
}
