/** What stands behind and below the lines: the normal band, gaps, and the lanes of states. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryGap } from "@millwright/wire-contract/history";
import type uPlot from "uplot";

import { valueWords } from "../words/numbers.ts";
import { clipped } from "./clipped.ts";
import { bandsOf, drawnAs, type Drawn } from "./drawn.ts";

type Property = (name: string) => string;

/** Limits are dashed and the range between them shaded, so that either can be seen alone. */
export function drawBand(plot: uPlot, scale: string, tag: LiveTag, property: Property): void {
  if (tag.low === null && tag.high === null) return;
  const { left, top, width, height } = plot.bbox;
  const { ctx } = plot;
  const pxRatio = window.devicePixelRatio;
  const y = (value: number | null, end: number): number =>
    value === null ? end : plot.valToPos(value, scale, true);
  const from = Math.max(top, Math.min(y(tag.high, top), top + height));
  const to = Math.max(top, Math.min(y(tag.low, top + height), top + height));
  ctx.save();
  ctx.fillStyle = property("--band-chart");
  ctx.fillRect(left, from, width, to - from);
  ctx.strokeStyle = property("--ink-3");
  ctx.lineWidth = pxRatio;
  ctx.setLineDash([6 * pxRatio, 6 * pxRatio]);
  ctx.beginPath();
  for (const limit of [tag.low, tag.high]) {
    if (limit === null) continue;
    ctx.moveTo(left, y(limit, top));
    ctx.lineTo(left + width, y(limit, top));
  }
  ctx.stroke();
  ctx.restore();
}

/** Gaps are hatched, like every stale value: what is not known looks the same everywhere. */
export function drawGaps(plot: uPlot, gaps: readonly HistoryGap[], colour: string): void {
  const { left, top, width, height } = plot.bbox;
  const { ctx } = plot;
  const pxRatio = window.devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = pxRatio;
  for (const gap of gaps) {
    const from = Math.max(left, plot.valToPos(gap.fromUs / 1e6, "x", true));
    // The shortest gap of the longest time is still seen.
    const to = Math.min(
      left + width,
      Math.max(from + 2 * pxRatio, plot.valToPos(gap.toUs / 1e6, "x", true)),
    );
    if (to <= from) continue;
    const hatch = (): void => {
      ctx.beginPath();
      const step = Math.round(8 * pxRatio);
      // From a whole pixel on: such a line goes through the middle of pixels, and is as dark as its colour.
      for (let x = Math.round(from) - height; x < to; x += step) {
        ctx.moveTo(x, top + height);
        ctx.lineTo(x + height, top);
      }
      ctx.moveTo(from, top);
      ctx.lineTo(from, top + height);
      ctx.moveTo(to, top);
      ctx.lineTo(to, top + height);
      ctx.stroke();
    };
    clipped(plot, hatch, { left: from, top, width: to - from, height });
  }
  ctx.restore();
}

export interface Lanes {
  /** Of each, px. */
  readonly height: number;
  /** Of the plot, for all of them. */
  readonly share: number;
}

/** A name above a band of the height of a line of text. */
const laneHeight = 46;
const axisHeight = 50;

/** Lanes take half of the plot at most where lines stand above them, and all of it where there are only states. */
export function laneHeights(tags: readonly LiveTag[], height: number): Lanes {
  const states = tags.filter((tag) => drawnAs(tag) === "bands").length;
  if (states === 0) return { height: 0, share: 0 };
  const plotHeight = height - axisHeight;
  const most = (states === tags.length ? 1 : 0.5) * plotHeight;
  const each = Math.min(laneHeight, most / states);
  return { height: each, share: Math.min(0.95, (each * states) / plotHeight) };
}

/** Each state has one of three grounds and its word; where there is no room for the word the cursor says it. */
export function drawLanes(
  plot: uPlot,
  tags: readonly LiveTag[],
  drawn: readonly Drawn[],
  lanes: Lanes,
  property: Property,
): void {
  const { left, top, width, height } = plot.bbox;
  const { ctx } = plot;
  const pxRatio = window.devicePixelRatio;
  const grounds = [property("--raised"), property("--sunken"), property("--line")];
  clipped(plot, () => {
    ctx.textBaseline = "middle";
    // The last axis that was drawn has left its own.
    ctx.textAlign = "left";
    ctx.lineWidth = pxRatio;
    ctx.strokeStyle = property("--ink-3");
    const states = tags.flatMap((tag, at) => (drawnAs(tag) === "bands" ? [{ tag, at }] : []));
    for (const [lane, { tag, at }] of states.entries()) {
      const bottom =
        top + height - (states.length - 1 - lane) * lanes.height * pxRatio - 2 * pxRatio;
      const bandTop = bottom - Math.min(24, lanes.height / 2) * pxRatio;
      const font = (px: number): string => `${px * pxRatio}px Inter, system-ui, sans-serif`;
      ctx.fillStyle = property("--ink-2");
      ctx.font = font(14);
      ctx.fillText(tag.name, left + 6 * pxRatio, bandTop - 9 * pxRatio);
      const bands = bandsOf(drawn[at] ?? { times: [], values: [] });
      const values = [...new Set(bands.map(({ value }) => value))].toSorted(
        (a, b) => (a ?? 0) - (b ?? 0),
      );
      for (const band of bands) {
        const from = Math.max(left, plot.valToPos(band.from, "x", true));
        const to = Math.min(left + width, plot.valToPos(band.to, "x", true));
        if (to <= from) continue;
        ctx.fillStyle = grounds[values.indexOf(band.value) % grounds.length] ?? "";
        ctx.fillRect(from, bandTop, to - from, bottom - bandTop);
        ctx.strokeRect(from, bandTop, to - from, bottom - bandTop);
        const words = valueWords(tag, tag.type === "bool" ? band.value === 1 : band.value);
        ctx.fillStyle = property("--ink-1");
        ctx.font = font(14);
        if (ctx.measureText(words).width + 12 * pxRatio > to - from) continue;
        ctx.fillText(words, from + 6 * pxRatio, (bandTop + bottom) / 2);
      }
    }
  });
}
