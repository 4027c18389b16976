import {
  decodeHourHead,
  encodeFiner,
  encodeHourHead,
  inTime,
  joinBuckets,
  mergeBuckets,
  noCarry,
  rollUp,
  ruleOf,
  widths,
  type Buckets,
  type Carry,
  type Gap,
  type RollupRule,
} from "@millwright/aggregates";
import type { SampleColumns, TagDefinition } from "@millwright/wire-contract";

import { joined } from "../raw-tier.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ChunkRow, ChunkTable } from "./chunk-table.ts";
import { groupOf, groupOfRow, tagsPerGroup, type GroupKey } from "./groups.ts";
import type { RollupTable, TagHour } from "./rollup-table.ts";

/**
 * Hours that are marked are rolled up, one group of tags at a time, from all of their samples: late ones are taken in by
 * doing it again. A row is written whole, with its mark taken away, so that a crash at any point leaves the old row and
 * the mark. What a tag holds at the end of the hour stands in the row; when that changes, the next hour is marked too.
 */

/** Faster than 8 Hz: its seconds are smaller than its samples. */
const fastPerHour = 8 * 3_600;
/** Samples rolled up at a time, some 10 ms; the hour of a faster tag is done in parts of whole minutes. */
const pieceSamples = 16_384;
const minutesPerHour = 60;

/** The hour of one group, while it is being made. */
interface Unit {
  readonly group: GroupKey;
  readonly hour: number;
  readonly before: ReadonlyMap<number, Carry>;
  readonly old: ReadonlyMap<number, Carry>;
  /** The finer buckets that it has now. */
  readonly oldFiner: ReadonlyMap<number, Uint8Array>;
  /** Tags whose minutes are not what they were. */
  readonly news: { readonly tag: TagDefinition; readonly minutes: Buckets }[];
  readonly rows: readonly ChunkRow[];
  readonly tags: readonly TagDefinition[];
  readonly done: TagHour[];
  /** Whether what a tag holds at the end is another thing than it was. */
  changed: boolean;
  open: TagPart | undefined;
}

/** One tag of the unit. */
interface TagPart {
  readonly tag: TagDefinition;
  readonly rule: RollupRule;
  readonly rows: readonly ChunkRow[];
  readonly gaps: readonly Gap[];
  readonly minutesPerPiece: number;
  readonly fast: boolean;
  minute: number;
  carry: Carry;
  readonly minutes: Buckets[];
  readonly seconds: Buckets[];
}

/** The hour of some tags as it was just rolled up: of those whose minutes are not what they were. */
export interface RolledHour {
  readonly hour: number;
  readonly tags: readonly { readonly tag: TagDefinition; readonly minutes: Buckets }[];
  /** What the minutes were made of. */
  readonly rows: readonly ChunkRow[];
}

export class Roller {
  readonly #parts;
  #unit: Unit | undefined;

  constructor(parts: {
    readonly chunks: ChunkTable;
    readonly reader: ChunkReader;
    readonly rollups: RollupTable;
    /** A tag that is declared, or one that is not any more and still has samples. */
    readonly tagAt: (index: number, hasSamples: () => boolean) => TagDefinition | undefined;
    /** Ranges in which samples of the tag are missing. */
    readonly gapsOf: (tag: TagDefinition, fromUs: number, toUs: number) => readonly Gap[];
    /** Told of each hour, in the transaction that keeps it. */
    readonly rolled: (hour: RolledHour) => void;
  }) {
    this.#parts = parts;
  }

  /**
   * One slice. Inside a transaction; when that is taken back, `drop`.
   *
   * @param belowHour hours before this one are over: all that was sealed in them is in chunks
   * @returns whether there was something to do
   */
  step(belowHour: number): boolean {
    const unit = (this.#unit ??= this.#begin(belowHour));
    if (unit === undefined) return false;
    let samples = 0;
    while (samples < pieceSamples) {
      const part = (unit.open ??= this.#beginTag(unit));
      if (part === undefined) {
        this.#finish(unit);
        return true;
      }
      samples += this.#rollPiece(unit, part);
      if (part.minute >= minutesPerHour) this.#finishTag(unit, part);
    }
    return true;
  }

  drop(): void {
    this.#unit = undefined;
  }

  #begin(belowHour: number): Unit | undefined {
    const { rollups, chunks, tagAt } = this.#parts;
    const marked = rollups.nextMarked(belowHour);
    if (marked === undefined) return undefined;
    const group = groupOfRow(marked.id);
    const { hour } = marked;
    const old = rollups.at(group, hour);
    if (old?.thinned === true) {
      // What it was made of is gone. Late samples stay as they are, in their chunk.
      rollups.unmark(group, hour);
      return this.#begin(belowHour);
    }
    const fromUs = hour * widths.hour;
    const first = Math.floor(group / 2) * tagsPerGroup;
    const rows = chunks.inTime(group, fromUs, fromUs + widths.hour);
    const tags: TagDefinition[] = [];
    for (let index = first; index < first + tagsPerGroup; index++) {
      const tag = tagAt(index, () => rows.some((row) => covers(row, index)));
      if (tag !== undefined && groupOf(tag) === group) tags.push(tag);
    }
    return {
      group,
      hour,
      before: carriesOf(rollups.before(group, hour)?.heads),
      old: carriesOf(old?.heads),
      oldFiner: old === undefined ? new Map() : rollups.finerAt(group, hour),
      news: [],
      rows,
      tags,
      done: [],
      changed: old === undefined,
      open: undefined,
    };
  }

  #beginTag({ hour, tags, done, rows, before }: Unit): TagPart | undefined {
    const tag = tags[done.length];
    if (tag === undefined) return undefined;
    const own = rows.filter((row) => covers(row, tag.index));
    const samples = own.reduce(
      (sum, row) => sum + row.samples / (row.lastTag - row.firstTag + 1),
      0,
    );
    const pieces = Math.min(minutesPerHour, Math.max(1, Math.ceil(samples / pieceSamples)));
    const carry = before.get(tag.index) ?? noCarry;
    const fromUs = hour * widths.hour;
    return {
      tag,
      rule: ruleOf(tag),
      rows: own,
      gaps: this.#parts.gapsOf(
        tag,
        Math.min(fromUs, carry.held?.us ?? fromUs),
        fromUs + widths.hour,
      ),
      minutesPerPiece: Math.ceil(minutesPerHour / pieces),
      fast: samples > fastPerHour,
      minute: 0,
      carry,
      minutes: [],
      seconds: [],
    };
  }

  /** @returns about how many samples it took */
  #rollPiece({ hour }: Unit, part: TagPart): number {
    const { tag, rule, gaps, fast } = part;
    const fromUs = hour * widths.hour + part.minute * widths.minute;
    part.minute = Math.min(minutesPerHour, part.minute + part.minutesPerPiece);
    const toUs = hour * widths.hour + part.minute * widths.minute;
    const found: SampleColumns[] = [];
    for (const row of part.rows) {
      if (row.firstUs >= toUs || row.lastUs < fromUs) continue;
      const columns = this.#parts.reader.read(row, tag.index);
      if (columns !== undefined && columns.count > 0) found.push(columns);
    }
    const [only] = found;
    const all = only !== undefined && found.length === 1 ? only : joined(found);
    const samples = inTime(all, fromUs, toUs);
    const input = { rule, samples, before: part.carry, gaps, fromUs, toUs, knownToUs: toUs };
    const { buckets, after } = rollUp({ ...input, widthUs: widths.minute });
    part.minutes.push(buckets);
    if (fast) part.seconds.push(rollUp({ ...input, widthUs: widths.second }).buckets);
    part.carry = after;
    return samples.count + this.#parts.reader.takeDecoded() + 256;
  }

  #finishTag(unit: Unit, part: TagPart): void {
    const { tag, rule, carry, fast } = part;
    const minutes = joinBuckets(part.minutes, widths.minute);
    const hour = mergeBuckets(minutes, widths.hour, rule);
    const seconds = fast ? { seconds: joinBuckets(part.seconds, widths.second) } : {};
    const finer = encodeFiner({ minutes, ...seconds }, tag);
    unit.done.push({ tag: tag.index, head: encodeHourHead({ hour, after: carry }, tag), finer });
    const before = unit.oldFiner.get(tag.index);
    const isNews = before === undefined ? minutes.count > 0 : Buffer.compare(before, finer) !== 0;
    if (isNews) unit.news.push({ tag, minutes });
    const old = unit.old.get(tag.index);
    if (old === undefined || !isSameCarry(old, carry)) unit.changed = true;
    unit.open = undefined;
  }

  #finish({ group, hour, done, changed, news, rows }: Unit): void {
    const { rollups, rolled } = this.#parts;
    rollups.put(group, hour, done);
    if (news.length > 0) rolled({ hour, tags: news, rows });
    if (changed) rollups.markNext(group, hour);
    this.#unit = undefined;
  }
}

function covers({ firstTag, lastTag }: ChunkRow, tag: number): boolean {
  return firstTag <= tag && lastTag >= tag;
}

function carriesOf(heads: ReadonlyMap<number, Uint8Array> | undefined): Map<number, Carry> {
  const carries = new Map<number, Carry>();
  for (const [tag, bytes] of heads ?? []) {
    const head = decodeHourHead(bytes);
    if (!("kind" in head)) carries.set(tag, head.after);
  }
  return carries;
}

/** Equal as what follows is concerned. */
function isSameCarry(a: Carry, b: Carry): boolean {
  return isSameSample(a.held, b.held) && isSameSample(a.good, b.good);
}

function isSameSample(a: Carry["held"], b: Carry["held"]): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.us === b.us &&
    Object.is(a.value, b.value) &&
    a.status === b.status &&
    String(a.scalar) === String(b.scalar)
  );
}
