/**
 * Frames hold a moment of many tags; history wants many moments of one tag. Rows are dealt out as their frames come, into
 * blocks of a few rows of one group: at any moment the blocks that are being filled lie close together, so that neither
 * the cache nor the table of pages is left, which a place for each group far from the next would do with every row.
 */
import { inTime, type Series } from "@millwright/aggregates";
import type { SampleColumns, Scalar } from "@millwright/wire-contract";

import { FrameTile, tileFrames } from "./frame-tile.ts";
import { copyOf, emptySeries, mergeAll, sliceSeries, type MergedSeries } from "./merge-series.ts";

/** Blocks of a thousand groups fit into the cache of a core; a power of two, so that a row number says where its block ends. */
const blockRows = tileFrames;
const blockShift = Math.log2(blockRows);
/**
 * Doubles of a block: its times, its values, and its statuses beside the numbers of its frames. A row number has the
 * block above `blockShift`, and the row in it below.
 */
const blockDoubles = blockRows * 3;
const none = -1;

/** What frames hold of one group, none of it twice. */
export interface GatheredSeries {
  readonly count: number;
  /** NaN where there is no sample. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly repeats: number;
  readonly conflicts: number;
  /** The samples in order of time. They hold until any of a pass are read again. */
  read(): Series;
}

/**
 * Used for one pass after the other: its memory grows to that of the largest, some 25 bytes a sample, and the collector
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
  /** By group: its first block, how many blocks it has, and where its next row goes. */
  #first = new Int32Array(0);
  #blocks = new Int32Array(0);
  #next = new Int32Array(0);
  /** By group: the time of its last row, and 1 where one of its rows is not later than the one before it. */
  #lastUs = new Float64Array(0);
  #isUnsorted = new Uint8Array(0);
  #groupCount = 0;
  readonly #tile = new FrameTile();
  /** What a double cannot hold, by row. */
  readonly #wide = new Map<number, Scalar>();
  /** Rows of the group that was read last. */
  #out: Series = emptySeries;

  /** Begins anew; what was answered before is not valid any more. */
  clear(): void {
    this.#blockCount = 0;
    this.#frameCount = 0;
    this.#groupCount = 0;
    this.#tile.clear();
    this.#wide.clear();
  }

  /** @returns its number; a group is one tag and one clock segment */
  openGroup(): number {
    const group = this.#groupCount++;
    if (group === this.#first.length) {
      const size = Math.max(1_024, 2 * group);
      this.#first = longer(this.#first, new Int32Array(size));
      this.#blocks = longer(this.#blocks, new Int32Array(size));
      this.#next = longer(this.#next, new Int32Array(size));
      this.#lastUs = longer(this.#lastUs, new Float64Array(size));
      this.#isUnsorted = longer(this.#isUnsorted, new Uint8Array(size));
    }
    this.#first[group] = none;
    this.#blocks[group] = 0;
    this.#next[group] = 0;
    this.#lastUs[group] = -Infinity;
    this.#isUnsorted[group] = 0;
    return group;
  }

  /**
   * Takes the samples of one frame; they are copied.
   *
   * @param groups by tag index, for all tags of the frame
   * @param sealedUs stands in for the time of a sample that has none, so that it is kept
   */
  add(samples: SampleColumns, groups: Int32Array, sealedUs: number): void {
    const frame = this.#frameCount++;
    const tile = this.#tile;
    if (tile.add(samples, groups, frame, sealedUs)) {
      if (tile.isFull) this.#dealOut();
      return;
    }
    this.#dealOut();
    if (!tile.begin(samples, groups, frame, sealedUs)) {
      this.#addRows(samples, groups, frame, sealedUs);
    }
  }

  /** What waits in the tile goes to its groups, several rows of each at once. */
  #dealOut(): void {
    const { count, tag, groups, isFull } = this.#tile;
    if (this.#tile.frames === 0) return;
    // Each group may fill its open block and begin another one.
    this.#reserve(2 * count);
    for (let row = 0; row < count; row++) {
      const group = groups[tag[row] ?? 0] ?? 0;
      const at = this.#next[group] ?? 0;
      if (isFull && (at & (blockRows - 1)) === 0) this.#fillBlock(group, at, row);
      else this.#addColumn(group, row);
    }
    this.#tile.clear();
  }

  /** A whole block at once, column by column: nearly all rows of a plant that is polled go this way. */
  #fillBlock(group: number, at: number, row: number): void {
    const { count, measuredUs, value, status, numbers, sealedUs } = this.#tile;
    const begin = this.#openBlock(group, at);
    const place = (begin >> blockShift) * blockDoubles;
    const [doubles, words] = [this.#doubles, this.#words];
    let previous = this.#lastUs[group] ?? NaN;
    let isRising = true;
    for (let frame = 0, from = row; frame < blockRows; frame++, from += count) {
      const us = Math.round(measuredUs[from] ?? NaN);
      doubles[place + frame] = us;
      if (!(us > previous)) isRising = false;
      previous = us;
    }
    for (let frame = 0, from = row; frame < blockRows; frame++, from += count) {
      doubles[place + blockRows + frame] = value[from] ?? NaN;
    }
    const word = 2 * (place + 2 * blockRows);
    for (let frame = 0, from = row; frame < blockRows; frame++, from += count) {
      words[word + frame] = status[from] ?? 0;
    }
    for (let frame = 0; frame < blockRows; frame++) {
      words[word + blockRows + frame] = numbers[frame] ?? 0;
    }
    if (!isRising || !Number.isFinite(previous)) {
      this.#isUnsorted[group] = 1;
      for (let frame = 0; frame < blockRows; frame++) {
        if (!Number.isFinite(doubles[place + frame]))
          doubles[place + frame] = sealedUs[frame] ?? NaN;
      }
    }
    this.#lastUs[group] = doubles[place + blockRows - 1] ?? NaN;
    this.#next[group] = begin + blockRows;
  }

  /** Of a tile that is not full, or where the group's open block has room for some of it. */
  #addColumn(group: number, row: number): void {
    const { count, frames, measuredUs, value, status, numbers, sealedUs } = this.#tile;
    for (let frame = 0, from = row; frame < frames; frame++, from += count) {
      this.#addRow(
        group,
        measuredUs[from] ?? NaN,
        value[from] ?? NaN,
        status[from] ?? 0,
        numbers[frame] ?? 0,
        sealedUs[frame] ?? NaN,
      );
    }
  }

  #addRows(samples: SampleColumns, groups: Int32Array, frame: number, sealedUs: number): void {
    const { tag, count, measuredUs, value, status, wide } = samples;
    this.#reserve(Math.min(count, Math.ceil(count / blockRows) + this.#groupCount));
    for (let row = 0; row < count; row++) {
      const at = this.#addRow(
        groups[tag[row] ?? 0] ?? 0,
        measuredUs[row] ?? NaN,
        value[row] ?? NaN,
        status[row] ?? 0,
        frame,
        sealedUs,
      );
      if (wide === undefined) continue;
      const scalar = wide.get(row);
      if (scalar !== undefined) this.#wide.set(at, scalar);
    }
  }

  /** @returns its number */
  #addRow(
    group: number,
    measuredUs: number,
    value: number,
    status: number,
    frame: number,
    sealedUs: number,
  ): number {
    const [doubles, words] = [this.#doubles, this.#words];
    let at = this.#next[group] ?? 0;
    // The end of a block, or none yet.
    if ((at & (blockRows - 1)) === 0) at = this.#openBlock(group, at);
    this.#next[group] = at + 1;
    const place = (at >> blockShift) * blockDoubles + (at & (blockRows - 1));
    const word = 2 * ((at >> blockShift) * blockDoubles + 2 * blockRows) + (at & (blockRows - 1));
    doubles[place] = Math.round(measuredUs);
    // Written over, and not chosen before: a number that is one of two would be an object of its own for each row.
    if (!Number.isFinite(measuredUs)) doubles[place] = sealedUs;
    doubles[place + blockRows] = value;
    words[word] = status;
    words[word + blockRows] = frame;
    if (!((doubles[place] ?? NaN) > (this.#lastUs[group] ?? NaN))) this.#isUnsorted[group] = 1;
    this.#lastUs[group] = doubles[place] ?? NaN;
    return at;
  }

  /**
   * Of each group. Frames come in the order of their roads: rows of a tag that go on where the frame before ended are nearly
   * all there is, and are not compared with anything nor copied before they are read. Valid until `clear`.
   */
  finish(): readonly GatheredSeries[] {
    this.#dealOut();
    return Array.from({ length: this.#groupCount }, (_, group): GatheredSeries => {
      if (this.#isUnsorted[group] === 1) {
        return kept(ordered(copyOf(this.#read(group)), this.#framesOf(group)));
      }
      const first = this.#first[group] ?? none;
      return {
        count: this.#countOf(group),
        firstUs: this.#doubles[first * blockDoubles] ?? NaN,
        lastUs: first === none ? NaN : (this.#lastUs[group] ?? NaN),
        repeats: 0,
        conflicts: 0,
        read: () => this.#read(group),
      };
    });
  }

  /** In the order in which they came. */
  #read(group: number): Series {
    const count = this.#countOf(group);
    if (this.#out.measuredUs.length < count) this.#out = columnsOf(count);
    const [doubles, words] = [this.#doubles, this.#words];
    const { measuredUs, value, status } = this.#out;
    let to = 0;
    for (let block = this.#first[group] ?? none; block !== none;) {
      const place = block * blockDoubles;
      const word = 2 * (place + 2 * blockRows);
      const rows = Math.min(count - to, blockRows);
      block = this.#following[block] ?? none;
      for (let row = 0; row < rows; row++) {
        measuredUs[to + row] = doubles[place + row] ?? NaN;
        value[to + row] = doubles[place + blockRows + row] ?? NaN;
        status[to + row] = words[word + row] ?? 0;
      }
      to += rows;
    }
    const series = sliceSeries(this.#out, 0, count);
    return this.#wide.size === 0 ? series : this.#withScalars(series, group);
  }

  #countOf(group: number): number {
    const blocks = this.#blocks[group] ?? 0;
    if (blocks === 0) return 0;
    const inLast = ((this.#next[group] ?? 0) - 1) & (blockRows - 1);
    return (blocks - 1) * blockRows + inLast + 1;
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
    const frames = new Uint32Array(this.#countOf(group));
    for (const [row, at] of this.#placesOf(group)) {
      const place = (at >> blockShift) * blockDoubles + 2 * blockRows;
      frames[row] = this.#words[2 * place + blockRows + (at & (blockRows - 1))] ?? 0;
    }
    return frames;
  }

  *#placesOf(group: number): Iterable<readonly [row: number, at: number]> {
    let block = this.#first[group] ?? none;
    const count = this.#countOf(group);
    for (let row = 0; row < count; row++) {
      yield [row, block * blockRows + (row % blockRows)];
      if (row % blockRows === blockRows - 1) block = this.#following[block] ?? none;
    }
  }

  /** @param at behind the last row of the group's block before; 0 when it has none, because no block ends there */
  #openBlock(group: number, at: number): number {
    const block = this.#blockCount++;
    this.#following[block] = none;
    this.#blocks[group] = (this.#blocks[group] ?? 0) + 1;
    if (at === 0) this.#first[group] = block;
    else this.#following[at / blockRows - 1] = block;
    return block * blockRows;
  }

  #reserve(blocks: number): void {
    const needed = this.#blockCount + blocks;
    if (needed <= this.#following.length) return;
    const size = Math.max(needed, 2 * this.#following.length);
    const doubles = new Float64Array(size * blockDoubles);
    doubles.set(this.#doubles.subarray(0, this.#blockCount * blockDoubles));
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

function longer<Column extends Int32Array | Float64Array | Uint8Array>(
  column: Column,
  grown: Column,
): Column {
  grown.set(column);
  return grown;
}

/** It has memory of its own. */
function kept({ series, repeats, conflicts }: MergedSeries): GatheredSeries {
  const { count, measuredUs } = series;
  return {
    count,
    firstUs: measuredUs[0] ?? NaN,
    lastUs: measuredUs[count - 1] ?? NaN,
    repeats,
    conflicts,
    read: () => series,
  };
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
