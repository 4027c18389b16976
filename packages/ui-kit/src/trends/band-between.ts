/**
 * The ground between two lines of a chart, for example between the tenth and the nine tenths of many machines. The lines
 * are its outline, and words stand at it: neither needs a colour.
 */
import type uPlot from "uplot";

import { clipped } from "./clipped.ts";
import type { Drawn } from "./drawn.ts";

export interface PlotBand {
  /** Places of the lines; both have their points at the same times. */
  readonly low: number;
  readonly high: number;
  /** At the ends of both lines. */
  readonly lowWords: string;
  readonly highWords: string;
}

/** Where one of the lines has a hole the band has one. */
export function drawBetween(
  plot: uPlot,
  scale: string,
  band: PlotBand,
  drawn: readonly Drawn[],
  colour: string,
): void {
  const [low, high] = [drawn[band.low], drawn[band.high]];
  if (low === undefined || high === undefined) return;
  const { ctx } = plot;
  clipped(plot, () => {
    ctx.fillStyle = colour;
    for (const [from, end] of runsOf(low, high)) {
      ctx.beginPath();
      for (let at = from; at < end; at++) lineTo(plot, scale, high, at, at === from);
      for (let at = end - 1; at >= from; at--) lineTo(plot, scale, low, at, false);
      ctx.closePath();
      ctx.fill();
    }
  });
}

const wordsPx = 13;

/** Above the upper line and below the lower one, at the last point of both that is in sight. */
export function sayBand(
  plot: uPlot,
  scale: string,
  band: PlotBand,
  drawn: readonly Drawn[],
  property: (name: string) => string,
): void {
  const [low, high] = [drawn[band.low], drawn[band.high]];
  const [fromS, toS] = [plot.scales["x"]?.min ?? 0, plot.scales["x"]?.max ?? 0];
  const last = (high?.times ?? []).findLastIndex(
    (time, at) => time >= fromS && time <= toS && (high?.values[at] ?? null) !== null,
  );
  if (low === undefined || high === undefined || last < 0) return;
  const { ctx } = plot;
  const pxRatio = window.devicePixelRatio;
  const { left, width } = plot.bbox;
  clipped(plot, () => {
    ctx.font = `${wordsPx * pxRatio}px Inter, system-ui, sans-serif`;
    ctx.fillStyle = property("--ink-1");
    ctx.strokeStyle = property("--raised");
    ctx.lineWidth = 4 * pxRatio;
    ctx.lineJoin = "round";
    ctx.textAlign = "right";
    const room = 4 * pxRatio;
    const end = plot.valToPos(high.times[last] ?? 0, "x", true);
    for (const [of, words, above] of [
      [high, band.highWords, true],
      [low, band.lowWords, false],
    ] as const) {
      const y = plot.valToPos(of.values[last] ?? 0, scale, true);
      ctx.textBaseline = above ? "bottom" : "top";
      const least = left + ctx.measureText(words).width + room;
      const x = Math.max(least, Math.min(end, left + width) - room);
      // A line may go through them, and they are read all the same.
      ctx.strokeText(words, x, above ? y - room : y + room);
      ctx.fillText(words, x, above ? y - room : y + room);
    }
  });
}

/** Runs of points that both lines have. */
export function runsOf(low: Drawn, high: Drawn): readonly (readonly [number, number])[] {
  const runs: [number, number][] = [];
  for (const [at, value] of high.values.entries()) {
    const here = value !== null && (low.values[at] ?? null) !== null;
    const last = runs.at(-1);
    if (!here) continue;
    if (last !== undefined && last[1] === at) last[1] = at + 1;
    else runs.push([at, at + 1]);
  }
  return runs;
}

function lineTo(
  plot: uPlot,
  scale: string,
  { times, values }: Drawn,
  at: number,
  first: boolean,
): void {
  const x = plot.valToPos(times[at] ?? 0, "x", true);
  const y = plot.valToPos(values[at] ?? 0, scale, true);
  if (first) plot.ctx.moveTo(x, y);
  else plot.ctx.lineTo(x, y);
}
