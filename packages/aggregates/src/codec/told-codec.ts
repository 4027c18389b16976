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

function isZero(number: number): boolean {
  return Object.is(number, 0);
}
