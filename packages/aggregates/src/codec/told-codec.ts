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
  readTree,
  refuseMalformed,
  unpack,
  writeNumber,
  writeTree,
} from "@millwright/wire-contract/codec";

import type { Buckets, ExactBucket } from "../buckets.ts";
import type { BucketColumns } from "../columns.ts";
import { widths } from "../width.ts";
import { emptyColumns, rowsOf } from "./buckets-codec.ts";
import { readExact, writeExact } from "./exact-codec.ts";
import type { DeviceScale } from "./forms.ts";
import { forgetColumn, makeColumnModels, readColumn, writeColumn } from "./told-column.ts";
import { toldOrder, type Known, type ToldColumn } from "./told-order.ts";

/**
 * Minutes of many tags in one hour, as a gateway tells them (content `aggregates`, docs/wire-format.md), or their hours in
 * one day, as it answers who asks for them. Column by column
 * against guesses, like the hours on a gateway's disk, and coded decision by decision, so that what says nothing costs
 * nothing: a minute of a signal that moves takes some 6 bytes, one that stands still hardly any.
 *
 * Not told are times in states, which who hears each change can reckon, and when the first and the last sample lay within
 * their minute.
 */

/** All minutes of one tag in one hour, or its hours in one day. None at all is a statement, too. */
export interface ToldBuckets {
  /** Dictionary index. */
  readonly tag: number;
  readonly buckets: Buckets;
}

export type ToldWidth = typeof widths.minute | typeof widths.hour;

/** Of how long a time a tag is told whole, by the width of its buckets. */
export function toldSpan(widthUs: ToldWidth): number {
  return widthUs === widths.minute ? widths.hour : 24 * widths.hour;
}

/** More tags in one frame are no hour of a plant; indices stay far below. */
const tagsMax = 65_536;
/** `whole`: first, last, least and greatest are those of `exact`, as doubles. */
const groupBits = { sums: 1, counts: 2, changes: 4, exact: 8, whole: 16 } as const;
const groupTree = 5;
const wholeNames = ["first", "last", "min", "max"] as const;
/** What is learned while a frame is written or read; each frame begins anew, because each decodes alone. */
const models = {
  gaps: makeNumberModel(),
  counts: makeNumberModel(),
  groups: makeBits(2 ** groupTree),
  columns: toldOrder.map(makeColumnModels),
};

function forgetModels(): void {
  for (const numbers of [models.gaps, models.counts]) forgetNumbers(numbers);
  forget(models.groups);
  models.columns.forEach(forgetColumn);
}

const out = new ByteWriter(16_384);
const extras = new ByteWriter(1_024);
const coded = new ByteWriter(16_384);

/**
 * @param told in rising order of index
 * @param beginUs of the hour or day, µs; all buckets lie within
 * @param scaleOf scale and offset of a tag, as the dictionary has them
 */
export function encodeTold(
  told: readonly ToldBuckets[],
  beginUs: number,
  scaleOf: (tag: number) => DeviceScale | undefined,
  widthUs: ToldWidth = widths.minute,
): Uint8Array {
  forgetModels();
  coded.clear();
  extras.clear();
  const coder = new RangeWriter(coded);
  let tagBefore = 0;
  for (const { tag, buckets } of told) {
    writeNumber(coder, models.gaps, tag - tagBefore);
    tagBefore = tag;
    writeTag(coder, buckets, { beginUs, widthUs }, scaleOf(tag));
    if (buckets.exact !== undefined) writeExact(extras, buckets.exact);
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
export function decodeTold(
  bytes: Uint8Array,
  beginUs: number,
  scaleOf: (tag: number) => DeviceScale | undefined,
  widthUs: ToldWidth = widths.minute,
): readonly ToldBuckets[] | Refused {
  return refuseMalformed("aggregates", () => read(bytes, { beginUs, widthUs }, scaleOf));
}

function read(
  bytes: Uint8Array,
  place: ToldPlace,
  scaleOf: (tag: number) => DeviceScale | undefined,
): readonly ToldBuckets[] {
  forgetModels();
  const input = new ByteReader(bytes);
  const count = input.varint();
  if (count > tagsMax) throw new Malformed(`it has more than ${tagsMax} tags`);
  const unpackedSize = input.varint();
  const block = input.block();
  const exact = new ByteReader(unpackedSize === 0 ? block : unpack(block, unpackedSize));
  const coder = new RangeReader(input);
  const told: ToldBuckets[] = [];
  let tag = 0;
  for (let at = 0; at < count; at++) {
    const gap = readNumber(coder, models.gaps);
    if (at > 0 && gap === 0) throw new Malformed("its tags do not rise");
    tag += gap;
    const scale = scaleOf(tag);
    if (scale === undefined) throw new Malformed(`tag ${tag} is not in its dictionary`);
    told.push({ tag, buckets: readTag(coder, place, scale, exact) });
  }
  coder.end();
  if (exact.left > 0) throw new Malformed("exact values follow its last tag");
  return told;
}

/** Where the buckets of a frame lie. */
type ToldPlace = Pick<Known, "beginUs"> & { readonly widthUs: ToldWidth };

function writeTag(
  coder: RangeWriter,
  buckets: Buckets,
  place: ToldPlace,
  scale: DeviceScale | undefined,
): void {
  const { count, exact } = buckets;
  const rows = rowsOf(buckets.good, count);
  const known: Known = { ...buckets, ...place };
  let groups = 0;
  if (exact !== undefined) groups |= groupBits.exact | (isWhole(buckets) ? groupBits.whole : 0);
  for (const { name, group } of toldOrder) {
    if (group !== "always" && !buckets[name].subarray(0, count).every(isZero))
      groups |= groupBits[group];
  }
  writeNumber(coder, models.counts, count);
  writeTree(coder, models.groups, groupTree, groups);
  for (const column of models.columns) {
    const { plan } = column;
    if (isLeftOut(plan, groups)) continue;
    const chosen = rows[plan.rows];
    const numbers = Float64Array.from(chosen, (row) => buckets[plan.name][row] ?? 0);
    writeColumn(coder, column, known, chosen, numbers, plan.scaled ? scale : undefined);
  }
}

function readTag(
  coder: RangeReader,
  place: ToldPlace,
  scale: DeviceScale,
  extra: ByteReader,
): Buckets {
  const count = readNumber(coder, models.counts);
  const { widthUs } = place;
  if (count > toldSpan(widthUs) / widthUs)
    throw new Malformed("an hour has 60 minutes, and a day 24 hours");
  const groups = readTree(coder, models.groups, groupTree);
  const columns = emptyColumns(count);
  const known: Known = { ...columns, ...place };
  const exact = (groups & groupBits.exact) === 0 ? undefined : readExact(extra, count);
  if ((groups & groupBits.whole) !== 0) takeWhole(columns, exact);
  let rows = rowsOf(columns.good, count);
  for (const column of models.columns) {
    const { plan } = column;
    if (isLeftOut(plan, groups)) continue;
    readColumn(coder, column, known, rows[plan.rows], plan.scaled ? scale : undefined);
    if (plan.name === "startUs") assertWithin(columns.startUs, place);
    if (plan.name === "good") rows = rowsOf(columns.good, count);
  }
  const buckets = { widthUs, count, ...columns };
  return exact === undefined ? buckets : { ...buckets, exact };
}

function isLeftOut({ name, group }: ToldColumn, groups: number): boolean {
  if (group !== "always") return (groups & groupBits[group]) === 0;
  return (groups & groupBits.whole) !== 0 && wholeNames.some((whole) => whole === name);
}

/** Whether the numbers of each bucket are those of its 64-bit integers. */
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

function assertWithin(startUs: Float64Array, { beginUs, widthUs }: ToldPlace): void {
  let before = beginUs - widthUs;
  for (const us of startUs) {
    if (us <= before || us >= beginUs + toldSpan(widthUs) || us % widthUs !== 0)
      throw new Malformed("its buckets do not rise within their hour or day");
    before = us;
  }
}

function isZero(number: number): boolean {
  return Object.is(number, 0);
}
