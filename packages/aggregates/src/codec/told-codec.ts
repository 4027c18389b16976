import type { Refused } from "@millwright/kit";
import {
  ByteReader,
  ByteWriter,
  forget,
  forgetNumbers,
  makeBits,
  makeNumberModel,
  Malformed,
  pack,
  RangeReader,
  RangeWriter,
  readNumber,
  readSigned,
  readTree,
  refuseMalformed,
  unpack,
  writeNumber,
  writeSigned,
  writeTree,
  type Bits,
  type NumberModel,
} from "@millwright/wire-contract/codec";

import type { Buckets, ExactBucket } from "../buckets.ts";
import type { BucketColumns } from "../columns.ts";
import { widths } from "../width.ts";
import { emptyColumns, rowsOf } from "./buckets-codec.ts";
import { readExact, writeExact } from "./exact-codec.ts";
import {
  exponentMax,
  exponentMin,
  formOf,
  fromWhole,
  toWhole,
  type DeviceScale,
  type Form,
} from "./forms.ts";
import { wholeGuess } from "./number-column.ts";
import { toldOrder, type Known, type ToldColumn } from "./told-order.ts";

/**
 * Minutes of many tags in one hour, as a gateway tells them (content `aggregates`, docs/wire-format.md). Column by column
 * against guesses, like the hours on a gateway's disk, and coded decision by decision, so that what says nothing costs
 * nothing: a minute of a signal that moves takes some 6 bytes, one that stands still hardly any.
 *
 * Not told are times in states, which who hears each change can reckon, and when the first and the last sample lay within
 * their minute.
 */

/** All minutes of one tag in one hour. None at all is a statement, too. */
export interface ToldMinutes {
  /** Dictionary index. */
  readonly tag: number;
  readonly minutes: Buckets;
}

const minutesMax = 60;
/** More tags in one frame are no hour of a plant; indices stay far below. */
const tagsMax = 65_536;
/** `whole`: first, last, least and greatest are those of `exact`, as doubles. */
const groupBits = { sums: 1, counts: 2, changes: 4, exact: 8, whole: 16 } as const;
const groupTree = 5;
const wholeNames = ["first", "last", "min", "max"] as const;
const formTree = 6;
/** First row of a column, and the others by the length of the difference before. */
const contextCount = 7;

interface ColumnModels {
  readonly plan: ToldColumn;
  readonly forms: Bits;
  readonly asGuessed: Bits;
  readonly differences: readonly NumberModel[];
}

/** What is learned while a frame is written or read; each frame begins anew, because each decodes alone. */
const models = {
  gaps: makeNumberModel(),
  counts: makeNumberModel(),
  groups: makeBits(2 ** groupTree),
  columns: toldOrder.map((plan): ColumnModels => ({
    plan,
    forms: makeBits(2 ** formTree),
    /** Of a whole column, and of a number that has no form. */
    asGuessed: makeBits(2),
    differences: Array.from({ length: contextCount }, makeNumberModel),
  })),
};

function forgetModels(): void {
  for (const numbers of [models.gaps, models.counts]) forgetNumbers(numbers);
  forget(models.groups);
  for (const { forms, asGuessed, differences } of models.columns) {
    forget(forms);
    forget(asGuessed);
    differences.forEach(forgetNumbers);
  }
}

const out = new ByteWriter(16_384);
const extras = new ByteWriter(1_024);
const coded = new ByteWriter(16_384);

/**
 * @param told in rising order of index
 * @param hourUs begin of the hour, µs; all minutes lie within
 * @param scaleOf scale and offset of a tag, as the dictionary has them
 */
export function encodeToldMinutes(
  told: readonly ToldMinutes[],
  hourUs: number,
  scaleOf: (tag: number) => DeviceScale | undefined,
): Uint8Array {
  forgetModels();
  coded.clear();
  extras.clear();
  const coder = new RangeWriter(coded);
  let tagBefore = 0;
  for (const { tag, minutes } of told) {
    writeNumber(coder, models.gaps, tag - tagBefore);
    tagBefore = tag;
    writeTag(coder, minutes, hourUs, scaleOf(tag));
    if (minutes.exact !== undefined) writeExact(extras, minutes.exact);
  }
  coder.end();
  const plain = extras.view();
  const packed = pack(plain);
  out.clear();
  out.varint(told.length);
  out.varint(packed === undefined ? 0 : plain.length);
  out.block(packed ?? plain);
  out.raw(coded.view());
  return out.copy();
}

/** @param scaleOf undefined where the dictionary does not know the tag: then nobody can read it */
export function decodeToldMinutes(
  bytes: Uint8Array,
  hourUs: number,
  scaleOf: (tag: number) => DeviceScale | undefined,
): readonly ToldMinutes[] | Refused {
  return refuseMalformed("aggregates", () => read(bytes, hourUs, scaleOf));
}

function read(
  bytes: Uint8Array,
  hourUs: number,
  scaleOf: (tag: number) => DeviceScale | undefined,
): readonly ToldMinutes[] {
  forgetModels();
  const input = new ByteReader(bytes);
  const count = input.varint();
  if (count > tagsMax) throw new Malformed(`it has more than ${tagsMax} tags`);
  const unpackedSize = input.varint();
  const block = input.block();
  const exact = new ByteReader(unpackedSize === 0 ? block : unpack(block, unpackedSize));
  const coder = new RangeReader(input);
  const told: ToldMinutes[] = [];
  let tag = 0;
  for (let place = 0; place < count; place++) {
    const gap = readNumber(coder, models.gaps);
    if (place > 0 && gap === 0) throw new Malformed("its tags do not rise");
    tag += gap;
    const scale = scaleOf(tag);
    if (scale === undefined) throw new Malformed(`tag ${tag} is not in its dictionary`);
    told.push({ tag, minutes: readTag(coder, hourUs, scale, exact) });
  }
  coder.end();
  if (exact.left > 0) throw new Malformed("exact values follow its last tag");
  return told;
}

function writeTag(
  coder: RangeWriter,
  minutes: Buckets,
  hourUs: number,
  scale: DeviceScale | undefined,
): void {
  const { count, exact } = minutes;
  const rows = rowsOf(minutes.good, count);
  const known: Known = { ...minutes, hourUs };
  let groups = 0;
  if (exact !== undefined) groups |= groupBits.exact | (isWhole(minutes) ? groupBits.whole : 0);
  for (const { name, group } of toldOrder) {
    if (group !== "always" && !minutes[name].subarray(0, count).every(isZero))
      groups |= groupBits[group];
  }
  writeNumber(coder, models.counts, count);
  writeTree(coder, models.groups, groupTree, groups);
  for (const column of models.columns) {
    const { plan } = column;
    if (isLeftOut(plan, groups)) continue;
    const chosen = rows[plan.rows];
    const numbers = Float64Array.from(chosen, (row) => minutes[plan.name][row] ?? 0);
    writeColumn(coder, column, known, chosen, numbers, plan.scaled ? scale : undefined);
  }
}

function readTag(
  coder: RangeReader,
  hourUs: number,
  scale: DeviceScale,
  extra: ByteReader,
): Buckets {
  const count = readNumber(coder, models.counts);
  if (count > minutesMax) throw new Malformed("an hour has 60 minutes");
  const groups = readTree(coder, models.groups, groupTree);
  const columns = emptyColumns(count);
  const known: Known = { ...columns, hourUs };
  const exact = (groups & groupBits.exact) === 0 ? undefined : readExact(extra, count);
  if ((groups & groupBits.whole) !== 0) takeWhole(columns, exact);
  let rows = rowsOf(columns.good, count);
  for (const column of models.columns) {
    const { plan } = column;
    if (isLeftOut(plan, groups)) continue;
    readColumn(coder, column, known, rows[plan.rows], plan.scaled ? scale : undefined);
    if (plan.name === "startUs") assertMinutes(columns.startUs, hourUs);
    if (plan.name === "good") rows = rowsOf(columns.good, count);
  }
  const minutes = { widthUs: widths.minute, count, ...columns };
  return exact === undefined ? minutes : { ...minutes, exact };
}

function isLeftOut({ name, group }: ToldColumn, groups: number): boolean {
  if (group !== "always") return (groups & groupBits[group]) === 0;
  return (groups & groupBits.whole) !== 0 && wholeNames.some((whole) => whole === name);
}

/** Whether the numbers of each minute are those of its 64-bit integers. */
function isWhole({ count, good, exact, ...columns }: Buckets): boolean {
  for (let row = 0; row < count; row++) {
    const one = exact?.get(row);
    if ((one !== undefined) !== (good[row] ?? 0) > 0) return false;
    if (
      one !== undefined &&
      !wholeNames.every((name) => Object.is(Number(one[name] ?? NaN), columns[name][row]))
    )
      return false;
    if (one !== undefined && typeof one.first !== "bigint") return false;
  }
  return true;
}

function takeWhole(
  columns: BucketColumns,
  exact: ReadonlyMap<number, ExactBucket> | undefined,
): void {
  for (const [row, one] of exact ?? []) {
    if (typeof one.first !== "bigint") throw new Malformed("a text is said to be a whole number");
    for (const name of wholeNames) columns[name][row] = Number(one[name] ?? NaN);
  }
}

function assertMinutes(startUs: Float64Array, hourUs: number): void {
  let before = hourUs - widths.minute;
  for (const us of startUs) {
    if (us <= before || us >= hourUs + widths.hour || us % widths.minute !== 0)
      throw new Malformed("its minutes do not rise within their hour");
    before = us;
  }
}

function writeColumn(
  coder: RangeWriter,
  { plan, forms, asGuessed, differences }: ColumnModels,
  known: Known,
  rows: Uint32Array,
  numbers: Float64Array,
  scale: DeviceScale | undefined,
): void {
  if (rows.length === 0) return;
  const form = formOf(numbers, scale);
  writeTree(coder, forms, formTree, codeOf(form));
  if (form.kind === "single" || form.kind === "double") {
    for (const [place, number] of numbers.entries()) {
      const guess = plan.guess(known, rows[place] ?? 0, rows[place - 1] ?? -1);
      const guessed = Object.is(guess, number);
      coder.bit(asGuessed, 1, guessed ? 0 : 1);
      if (!guessed) writeRaw(coder, form.kind, number);
    }
    return;
  }
  const written = numbers.map((number, place) => {
    const row = rows[place] ?? 0;
    return toWhole(form, number) - wholeGuess(form, plan.guess(known, row, rows[place - 1] ?? -1));
  });
  const guessed = written.every((difference) => difference === 0);
  coder.bit(asGuessed, 0, guessed ? 0 : 1);
  if (guessed) return;
  let context = 0;
  for (const difference of written) {
    writeSigned(coder, differences[context] as NumberModel, difference);
    context = contextAfter(difference);
  }
}

function readColumn(
  coder: RangeReader,
  { plan, forms, asGuessed, differences }: ColumnModels,
  known: Known,
  rows: Uint32Array,
  scale: DeviceScale | undefined,
): void {
  if (rows.length === 0) return;
  const column = known[plan.name];
  const form = formAt(readTree(coder, forms, formTree), scale);
  if (form.kind === "single" || form.kind === "double") {
    for (const [place, row] of rows.entries()) {
      const guessed = coder.bit(asGuessed, 1) === 0;
      column[row] = guessed
        ? plan.guess(known, row, rows[place - 1] ?? -1)
        : readRaw(coder, form.kind);
    }
    return;
  }
  const guessed = coder.bit(asGuessed, 0) === 0;
  let context = 0;
  for (const [place, row] of rows.entries()) {
    const guess = wholeGuess(form, plan.guess(known, row, rows[place - 1] ?? -1));
    const difference = guessed ? 0 : readSigned(coder, differences[context] as NumberModel);
    column[row] = fromWhole(form, guess + difference);
    context = contextAfter(difference);
  }
}

/** By the length of the difference in bits: what was near is near again. */
function contextAfter(difference: number): number {
  const size = Math.abs(difference);
  if (size === 0) return 1;
  if (size < 2 ** 3) return 2;
  if (size < 2 ** 6) return 3;
  if (size < 2 ** 10) return 4;
  return size < 2 ** 16 ? 5 : 6;
}

/** Exponent and width of decimals, and three more. */
const formCodes = { decimalSingle: 16, device: 32, single: 33, double: 34 } as const;

function codeOf(form: Form): number {
  if (form.kind !== "decimal") return formCodes[form.kind];
  return form.exponent - exponentMin + (form.single ? formCodes.decimalSingle : 0);
}

function formAt(code: number, scale: DeviceScale | undefined): Form {
  if (code === formCodes.single) return { kind: "single" };
  if (code === formCodes.double) return { kind: "double" };
  if (code === formCodes.device && scale !== undefined) {
    return { kind: "device", scale: scale.scale, offset: scale.offset };
  }
  const single = code >= formCodes.decimalSingle;
  const exponent = code - (single ? formCodes.decimalSingle : 0) + exponentMin;
  if (exponent > exponentMax) throw new Malformed(`form ${code} is not known`);
  return { kind: "decimal", exponent, single };
}

const raw = new DataView(new ArrayBuffer(8));

function writeRaw(coder: RangeWriter, kind: "single" | "double", number: number): void {
  if (kind === "single") raw.setFloat32(0, number);
  else raw.setFloat64(0, number);
  for (let bit = 0; bit < (kind === "single" ? 32 : 64); bit++) {
    coder.evenBit((raw.getUint8(bit >> 3) >> (7 - (bit & 7))) & 1);
  }
}

function readRaw(coder: RangeReader, kind: "single" | "double"): number {
  const bytes = kind === "single" ? 4 : 8;
  for (let at = 0; at < bytes; at++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte = byte * 2 + coder.evenBit();
    raw.setUint8(at, byte);
  }
  return kind === "single" ? raw.getFloat32(0) : raw.getFloat64(0);
}

function isZero(number: number): boolean {
  return Object.is(number, 0);
}
