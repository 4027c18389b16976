/** Frames hold a moment of many tags; history wants many moments of one tag. */
import { inTime, type Series } from "@millwright/aggregates";
import type { SampleColumns, Scalar } from "@millwright/wire-contract";

import { mergeAll, sliceSeries, type MergedSeries } from "./merge-series.ts";

/** The samples of one frame, and where the rows of each tag belong. */
export interface GatheredFrame {
  readonly samples: SampleColumns;
  /** Group by tag index. A group is one tag and one clock segment. */
  readonly groups: Int32Array;
  /** Stands in for the time of a sample that has none, so that it is kept. */
  readonly sealedUs: number;
}

/**
 * The samples of each group, in order of time, none of them twice. Frames come in the order of their roads: rows of a
 * tag that go on where the frame before ended are nearly all there is, and are not compared with anything.
 */
export function gatherSamples(
  frames: readonly GatheredFrame[],
  groupCount: number,
): readonly MergedSeries[] {
  const ends = new Int32Array(groupCount + 1);
  for (const { samples, groups } of frames) {
    const { tag, count } = samples;
    for (let row = 0; row < count; row++) {
      const at = (groups[tag[row] ?? 0] ?? 0) + 1;
      ends[at] = (ends[at] ?? 0) + 1;
    }
  }
  for (let group = 1; group <= groupCount; group++) {
    ends[group] = (ends[group] ?? 0) + (ends[group - 1] ?? 0);
  }
  const starts = ends.slice();
  const total = ends[groupCount] ?? 0;
  const us = new Float64Array(total);
  const value = new Float64Array(total);
  const status = new Uint32Array(total);
  const frameOf = new Uint32Array(total);
  const wide = new Map<number, Scalar>();
  for (const [index, { samples, groups, sealedUs }] of frames.entries()) {
    const { tag, count, measuredUs } = samples;
    for (let row = 0; row < count; row++) {
      const group = groups[tag[row] ?? 0] ?? 0;
      const at = starts[group] ?? 0;
      starts[group] = at + 1;
      const measured = measuredUs[row] ?? NaN;
      us[at] = Number.isFinite(measured) ? Math.round(measured) : sealedUs;
      value[at] = samples.value[row] ?? NaN;
      status[at] = samples.status[row] ?? 0;
      frameOf[at] = index;
    }
    if (samples.wide !== undefined) scatterWide(samples, groups, starts, wide);
  }
  const all = { count: total, measuredUs: us, value, status };
  return Array.from({ length: groupCount }, (_, group) => {
    const from = ends[group] ?? 0;
    const end = ends[group + 1] ?? 0;
    const series = sliceSeries(all, from, end);
    return ordered(
      wide.size === 0 ? series : withScalars(series, wide, from, end),
      frameOf.subarray(from, end),
    );
  });
}

/** After a frame's rows are in place, the last rows of each group are its own, in order. */
function scatterWide(
  samples: SampleColumns,
  groups: Int32Array,
  starts: Int32Array,
  wide: Map<number, Scalar>,
): void {
  const back = new Map<number, number>();
  for (let row = samples.count - 1; row >= 0; row--) {
    const group = groups[samples.tag[row] ?? 0] ?? 0;
    const before = (back.get(group) ?? 0) + 1;
    back.set(group, before);
    const scalar = samples.wide?.get(row);
    if (scalar !== undefined) wide.set((starts[group] ?? 0) - before, scalar);
  }
}

function withScalars(
  series: Series,
  all: ReadonlyMap<number, Scalar>,
  from: number,
  end: number,
): Series {
  const wide = new Map<number, Scalar>();
  for (let at = from; at < end; at++) {
    const scalar = all.get(at);
    if (scalar !== undefined) wide.set(at - from, scalar);
  }
  return wide.size === 0 ? series : { ...series, wide };
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
