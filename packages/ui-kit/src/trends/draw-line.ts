/**
 * The line of one tag. Few points are stroked as a curve. Many are drawn as columns from the least to the greatest value,
 * as an oscilloscope does: a stroke that goes up and down in each pixel costs a slow panel a tenth of a second, and its
 * dashes lie along the way of the pen, where nobody can tell them apart. Dashes of columns lie along the time.
 */
import type uPlot from "uplot";

import type { PenStyle } from "../charts/pens.ts";
import { clipped } from "./clipped.ts";
import { firstAfter, type Drawn } from "./drawn.ts";

/** With more points for each pixel a line is drawn as columns. */
const curvePointsPerPx = 0.7;

/** Corners that are worth rounding: those of a line whose pieces are long enough to be seen. */
const roundJoinsMax = 200;

export function drawLine(plot: uPlot, scale: string, drawn: Drawn, pen: PenStyle): void {
  const grid = gridOf(plot, scale, drawn);
  if (grid === undefined) return;
  const { ctx } = plot;
  const points = grid.last - grid.first;
  const isCurve = points <= (curvePointsPerPx * grid.width) / window.devicePixelRatio;
  clipped(plot, () => {
    if (isCurve) drawCurve(ctx, grid, drawn, pen);
    else drawColumns(ctx, columnsOf(grid, drawn), grid, pen);
  });
}

/** Where points lie on the canvas. */
interface Grid {
  readonly left: number;
  readonly width: number;
  readonly first: number;
  readonly last: number;
  readonly x: (second: number) => number;
  readonly y: (value: number) => number;
  /** From there on a point lies in the next pixel column. */
  readonly endOf: (x: number) => number;
}

function gridOf(plot: uPlot, scale: string, { times, values }: Drawn): Grid | undefined {
  const x = plot.scales["x"];
  const y = plot.scales[scale];
  if (x?.min === undefined || x.max === undefined) return undefined;
  if (y?.min === undefined || y.max === undefined) return undefined;
  const { left, top, width, height } = plot.bbox;
  const [fromS, highest] = [x.min, y.max];
  const perSecond = width / (x.max - fromS);
  const perUnit = height / (highest - y.min);
  return {
    left,
    width,
    // A line enters from the point before the window and leaves for the one after.
    first: Math.max(0, firstAfter(times, fromS) - 1),
    last: Math.min(values.length, firstAfter(times, x.max) + 1),
    x: (second) => left + (second - fromS) * perSecond,
    endOf: (x) => fromS + (x + 0.5 - left) / perSecond,
    y: (value) => top + (highest - value) * perUnit,
  };
}

function drawCurve(
  ctx: CanvasRenderingContext2D,
  grid: Grid,
  { times, values }: Drawn,
  pen: PenStyle,
): void {
  const ratio = window.devicePixelRatio;
  ctx.strokeStyle = pen.colour;
  ctx.lineWidth = pen.width * ratio;
  // Of many points nobody sees the corners, and each round one is a shape of its own to paint.
  ctx.lineJoin = grid.last - grid.first > roundJoinsMax ? "bevel" : "round";
  ctx.setLineDash(pen.dash.map((px) => px * ratio));
  ctx.beginPath();
  let down = false;
  for (let at = grid.first; at < grid.last; at++) {
    const value = values[at];
    if (value === null || value === undefined) {
      down = false;
      continue;
    }
    const isFlat = value === values[at - 1] || value === values[at + 1];
    const exact = grid.y(value);
    // A flat piece fills whole pixels: half of one over another pen would be a colour of its own, and may be an alarm's.
    const half = ctx.lineWidth / 2;
    const [x, y] = [grid.x(times[at] ?? 0), isFlat ? Math.round(exact - half) + half : exact];
    if (down) ctx.lineTo(x, y);
    else {
      ctx.moveTo(x, y);
      // A value between two holes is a dot, not nothing.
      if ((values[at + 1] ?? null) === null) ctx.lineTo(x + 2 * ratio, y);
    }
    down = true;
  }
  ctx.stroke();
}

/** Of one pixel column, px of the canvas; y grows downwards. */
interface Column {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
  readonly end: number;
  /** The line comes from the column before. */
  readonly joined: boolean;
}

function columnsOf(grid: Grid, { times, values }: Drawn): readonly Column[] {
  const columns: Column[] = [];
  let joined = false;
  // Of a column the least and the greatest value are looked for, and only they get a place: there may be a day of points.
  for (let at = grid.first; at < grid.last;) {
    const first = values[at];
    if (first === null || first === undefined) {
      joined = false;
      at++;
      continue;
    }
    const x = Math.round(grid.x(times[at] ?? 0));
    const endS = grid.endOf(x);
    let [least, greatest, end] = [first, first, first];
    let broken = false;
    for (at++; at < grid.last && (times[at] ?? Infinity) < endS; at++) {
      const value = values[at];
      if (value === null || value === undefined) {
        broken = true;
        break;
      }
      if (value < least) least = value;
      if (value > greatest) greatest = value;
      end = value;
    }
    columns.push({ x, top: grid.y(greatest), bottom: grid.y(least), end: grid.y(end), joined });
    joined = !broken;
  }
  return columns;
}

function drawColumns(
  ctx: CanvasRenderingContext2D,
  columns: readonly Column[],
  grid: Grid,
  pen: PenStyle,
): void {
  const ratio = window.devicePixelRatio;
  const thick = Math.max(1, Math.round(pen.width * ratio));
  const wide = Math.ceil(ratio);
  const inDash = dashAlong(pen.dash.map((px) => px * ratio));
  const usual = columns.reduce((sum, { top, bottom }) => sum + bottom - top, 0) / columns.length;
  const highest = columns.reduce((least, { top }) => Math.min(least, top), Infinity);
  const lowest = columns.reduce((most, { bottom }) => Math.max(most, bottom), -Infinity);
  ctx.fillStyle = pen.colour;
  let before: Column | undefined;
  for (const column of columns) {
    const { x, joined } = column;
    const from = joined && before !== undefined ? before.end : column.end;
    const top = Math.min(column.top, from);
    const bottom = Math.max(column.bottom, from);
    // What stands out is never between two dashes: a peak of one sample is seen.
    const standsOut =
      column.top === highest || column.bottom === lowest || bottom - top > 3 * usual + 4 * ratio;
    if (standsOut || inDash(x - grid.left)) {
      ctx.fillRect(x, Math.round(top - thick / 2), wide, Math.max(thick, Math.round(bottom - top)));
    }
    // Columns without a point between two with one.
    if (joined && before !== undefined && x - before.x > 1) {
      for (let between = before.x + 1; between < x; between++) {
        if (!inDash(between - grid.left)) continue;
        ctx.fillRect(between, Math.round(before.end - thick / 2), wide, thick);
      }
    }
    before = column;
  }
}

/** Whether a place, px from the left, is in a dash of the pattern. */
function dashAlong(dash: readonly number[]): (px: number) => boolean {
  const length = dash.reduce((sum, part) => sum + part, 0);
  if (length === 0) return () => true;
  return (px) => {
    let rest = ((px % length) + length) % length;
    for (const [at, part] of dash.entries()) {
      if (rest < part) return at % 2 === 0;
      rest -= part;
    }
    return false;
  };
}
