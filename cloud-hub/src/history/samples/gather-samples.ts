/**
 * Frames hold a moment of many tags; history wants many moments of one tag. Rows are dealt out as their frames come, into
 * blocks of a few rows of one group: at any moment the blocks that are being filled lie close together, so that neither
 * the cache nor the table of pages is left, which a place for each group far from the next would do with every row.
 */
import { inTime, type Series } from "@millwright/aggregates";
import type { SampleColumns, Scalar } from "@millwright/wire-contract";

import { mergeAll, sliceSeries, type MergedSeries } from "./merge-series.ts";

/** Blocks of a thousand groups fit into the cache of a core; a power of two, so that a row number says where its block ends. */
const blockRows = 16;
/** Doubles of a row: time, value, and status beside the number of its frame. */
const rowDoubles = 3;
const rowWords = 6;
/** Words of a row that is no double. */
const statusWord = 4;
const frameWord = 5;
const none = -1;

/**
 * Used for one pass after the other: its memory grows to that of the largest, some 50 bytes a sample, and the collector
 * does not see it.
 */
export class SampleGatherer {
  #doubles = new Float64Array(0);
  /** The same memory. */
  #words = new Uint32Array(0);
  /** By block: the next one of its group. */
  #following = new Int32Array(0);
  #blockCount = 0;
  #frameCount = 0;
  /** By group: its first block, where its next row goes, and how many rows it has. */
  #first = new Int32Array(0);
  #next = new Int32Array(0);
  #counts = new Int32Array(0);
  #groupCount = 0;
  /** What a double cannot hold, by row. */
  readonly #wide = new Map<number, Scalar>();
  #out = columnsOf(0);

  /** Begins anew; what was answered before is not valid any more. */
  clear(): void {
    this.#blockCount = 0;
    this.#frameCount = 0;
    this.#groupCount = 0;
    this.#wide.clear();
  }

  /** @returns its number; a group is one tag and one clock segment */
  openGroup(): number {
    const group = this.#groupCount++;
    if (group === this.#first.length) {
      this.#first = longer(this.#first);
      this.#next = longer(this.#next);
      this.#counts = longer(this.#counts);
    }
    this.#first[group] = none;
    this.#next[group] = 0;
    this.#counts[group] = 0;
    return group;
  }

  /**
   * Takes the samples of one frame; they are copied.
   *
   * @param groups by tag index, for all tags of the frame
   * @param sealedUs stands in for the time of a sample that has none, so that it is kept
   */
  add(samples: SampleColumns, groups: Int32Array, sealedUs: number): void {
    const { tag, count, measuredUs, value, status, wide } = samples;
    this.#reserve(Math.min(count, Math.ceil(count / blockRows) + this.#groupCount));
    const [doubles, words, next, counts] = [this.#doubles, this.#words, this.#next, this.#counts];
    const frame = this.#frameCount++;
    for (let row = 0; row < count; row++) {
      const group = groups[tag[row] ?? 0] ?? 0;
      let at = next[group] ?? 0;
      // The end of a block, or none yet.
      if (at % blockRows === 0) at = this.#openBlock(group, at);
      next[group] = at + 1;
      counts[group] = (counts[group] ?? 0) + 1;
      const measured = measuredUs[row] ?? NaN;
      doubles[at * rowDoubles] = Number.isFinite(measured) ? Math.round(measured) : sealedUs;
      doubles[at * rowDoubles + 1] = value[row] ?? NaN;
      words[at * rowWords + statusWord] = status[row] ?? 0;
      words[at * rowWords + frameWord] = frame;
      if (wide === undefined) continue;
      const scalar = wide.get(row);
      if (scalar !== undefined) this.#wide.set(at, scalar);
    }
  }

  /**
   * The samples of each group, in order of time, none of them twice. Frames come in the order of their roads: rows of a
   * tag that go on where the frame before ended are nearly all there is, and are not compared with anything. Valid until
   * `clear`.
   */
  finish(): readonly MergedSeries[] {
    let total = 0;
    for (let group = 0; group < this.#groupCount; group++) total += this.#counts[group] ?? 0;
    if (this.#out.measuredUs.length < total) this.#out = columnsOf(total);
    let from = 0;
    return Array.from({ length: this.#groupCount }, (_, group) => {
      const end = from + (this.#counts[group] ?? 0);
      const isRising = this.#copyOut(group, from);
      const columns = sliceSeries({ ...this.#out, count: total }, from, end);
      const series = this.#wide.size === 0 ? columns : this.#withScalars(columns, group);
      from = end;
      if (isRising) return { series, repeats: 0, conflicts: 0 };
      return ordered(series, this.#framesOf(group));
    });
  }

  /** @returns whether each row is later than the one before it */
  #copyOut(group: number, from: number): boolean {
    const [doubles, words] = [this.#doubles, this.#words];
    const { measuredUs, value, status } = this.#out;
    let left = this.#counts[group] ?? 0;
    let isRising = true;
    let previous = -Infinity;
    let to = from;
    for (let block = this.#first[group] ?? none; block !== none;) {
      const begin = block * blockRows;
      const end = begin + Math.min(left, blockRows);
      for (let at = begin; at < end; at++) {
        const us = doubles[at * rowDoubles] ?? NaN;
        if (!(us > previous)) isRising = false;
        previous = us;
        measuredUs[to] = us;
        value[to] = doubles[at * rowDoubles + 1] ?? NaN;
        status[to] = words[at * rowWords + statusWord] ?? 0;
        to++;
      }
      left -= end - begin;
      block = this.#following[block] ?? none;
    }
    return isRising;
  }

  #withScalars(series: Series, group: number): Series {
    const wide = new Map<number, Scalar>();
    for (const [row, at] of this.#placesOf(group)) {
      const scalar = this.#wide.get(at);
      if (scalar !== undefined) wide.set(row, scalar);
    }
    return wide.size === 0 ? series : { ...series, wide };
  }

  /** By row of the group: which frame it came with. */
  #framesOf(group: number): Uint32Array {
    const frames = new Uint32Array(this.#counts[group] ?? 0);
    for (const [row, at] of this.#placesOf(group)) {
      frames[row] = this.#words[at * rowWords + frameWord] ?? 0;
    }
    return frames;
  }

  *#placesOf(group: number): Iterable<readonly [row: number, at: number]> {
    let block = this.#first[group] ?? none;
    const count = this.#counts[group] ?? 0;
    for (let row = 0; row < count; row++) {
      yield [row, block * blockRows + (row % blockRows)];
      if (row % blockRows === blockRows - 1) block = this.#following[block] ?? none;
    }
  }

  /** @param at behind the last row of the group's block before; 0 when it has none, because no block ends there */
  #openBlock(group: number, at: number): number {
    const block = this.#blockCount++;
    this.#following[block] = none;
    if (at === 0) this.#first[group] = block;
    else this.#following[at / blockRows - 1] = block;
    return block * blockRows;
  }

  #reserve(blocks: number): void {
    const needed = this.#blockCount + blocks;
    if (needed <= this.#following.length) return;
    const size = Math.max(needed, 2 * this.#following.length);
    const doubles = new Float64Array(size * blockRows * rowDoubles);
    doubles.set(this.#doubles.subarray(0, this.#blockCount * blockRows * rowDoubles));
    const following = new Int32Array(size);
    following.set(this.#following);
    this.#doubles = doubles;
    this.#words = new Uint32Array(doubles.buffer);
    this.#following = following;
  }
}

function columnsOf(count: number): Omit<SampleColumns, "tag"> {
  return {
    count,
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
}

function longer(column: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(Math.max(1_024, 2 * column.length));
  grown.set(column);
  return grown;
}

/**
 * Cuts where time does not go on from one frame to the next, and merges the pieces. Equal times within a frame are
 * several samples; equal times in two frames are one sample on two roads.
 */
function ordered(series: Series, frameOf: Uint32Array): MergedSeries {
  const { count, measuredUs } = series;
  const cuts = [0];
  let unsorted = false;
  for (let row = 1; row < count; row++) {
    const step = (measuredUs[row] ?? NaN) - (measuredUs[row - 1] ?? NaN);
    if (step > 0) continue;
    if (frameOf[row] === frameOf[row - 1]) {
      if (step < 0) unsorted = true;
    } else cuts.push(row);
  }
  if (unsorted) return mergeAll(piecesOfFrames(series, frameOf));
  if (cuts.length === 1) return { series, repeats: 0, conflicts: 0 };
  return mergeAll(cuts.map((from, at) => sliceSeries(series, from, cuts[at + 1] ?? count)));
}

/** Within a frame a device's readings came out of order: each frame is sorted by itself. */
function piecesOfFrames(series: Series, frameOf: Uint32Array): readonly Series[] {
  const pieces: Series[] = [];
  let from = 0;
  for (let row = 1; row <= series.count; row++) {
    if (row < series.count && frameOf[row] === frameOf[from]) continue;
    pieces.push(inTime(sliceSeries(series, from, row), -Infinity, Infinity));
    from = row;
  }
  return pieces;
}
