/** uPlot with our colours: normal band behind, gaps hatched, times by a 24 hour clock. Loaded with the first chart. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { HistoryGap } from "@millwright/wire-contract/history";

import { amountScale } from "../words/amounts.ts";
import { numberWords } from "../words/numbers.ts";
import { clockWords } from "../words/durations.ts";
import { penOf } from "./pens.ts";
import type { Trace } from "./trace.ts";

export interface PlotOptions {
  readonly place: HTMLElement;
  readonly low: number | null;
  readonly high: number | null;
  /** UCUM: the axis of an amount of data says its prefix. */
  readonly unit: string;
  /** Texts of a state by its number, for the axis; empty for a measurement. */
  readonly texts: Readonly<Record<string, string>>;
  /** States keep their value until the next; a slope between two of them would invent values. */
  readonly stepped: boolean;
  readonly height: number;
  readonly onCursor: (seconds: number | undefined, value: number | null | undefined) => void;
}

export interface Plot {
  draw(trace: Trace, gaps: readonly HistoryGap[], fromUs: number, toUs: number): void;
  close(): void;
}

export function createPlot(options: PlotOptions): Plot {
  const style = getComputedStyle(options.place);
  const property = (name: string): string => style.getPropertyValue(name).trim();
  const pen = penOf(0, property);
  const axis = {
    stroke: property("--ink-3"),
    font: `${property("--chart-axis-size") || "14px"} Inter, system-ui, sans-serif`,
    grid: { stroke: property("--line"), width: 0.5 },
    ticks: { stroke: property("--line"), width: 0.5 },
  };
  let gaps: readonly HistoryGap[] = [];
  const chart = new uPlot(
    {
      width: options.place.clientWidth,
      height: options.height,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 8 } },
      scales: {
        x: { time: true, auto: false },
        y: { range: (_chart, min, max) => rangeOf(options, min, max) },
      },
      axes: [
        { ...axis, values: (_chart, splits) => splits.map(axisTime(splits)) },
        {
          ...axis,
          size: 84,
          values: (_chart, splits) => splits.map((value) => axisValue(options, splits, value)),
        },
      ],
      series: [
        {},
        {
          stroke: pen.colour,
          width: pen.width,
          dash: [...pen.dash],
          spanGaps: false,
          points: { show: false },
          ...(options.stepped && uPlot.paths.stepped !== undefined
            ? { paths: uPlot.paths.stepped({ align: 1 }) }
            : {}),
        },
      ],
      hooks: {
        drawClear: [(plot) => drawBand(plot, options, property("--band-chart"))],
        draw: [(plot) => drawGaps(plot, gaps, property("--line"))],
        setCursor: [
          (plot) => {
            const index = plot.cursor.idx ?? undefined;
            const seconds = index === undefined ? undefined : plot.data[0][index];
            const value = index === undefined ? undefined : plot.data[1]?.[index];
            options.onCursor(seconds, value);
          },
        ],
      },
    },
    [[], []],
    options.place,
  );
  const sizes = new ResizeObserver(() => {
    chart.setSize({ width: options.place.clientWidth, height: options.height });
  });
  sizes.observe(options.place);
  return {
    draw(trace, found, fromUs, toUs) {
      gaps = found;
      chart.batch(() => {
        const [times, values] = trace.drawn();
        chart.setData([[...times], [...values]], false);
        chart.setScale("x", { min: fromUs / 1e6, max: toUs / 1e6 });
      });
    },
    close() {
      sizes.disconnect();
      chart.destroy();
    },
  };
}

/** The normal range is always in view; a flat line gets some room around it. */
function rangeOf(options: PlotOptions, min: number | null, max: number | null): [number, number] {
  const values = [min, max, options.low, options.high].filter((value) => value !== null);
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

function axisTime(splits: readonly number[]): (seconds: number) => string {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  return (seconds) => {
    const words = clockWords(seconds * 1e6);
    return step >= 60 ? words.slice(0, 5) : words;
  };
}

function axisValue(options: PlotOptions, splits: readonly number[], value: number): string {
  const text = options.texts[String(value)];
  if (text !== undefined) return text;
  if (Object.keys(options.texts).length > 0) return "";
  // All labels of an axis have one prefix, that of the largest.
  const scale = amountScale(options.unit, Math.max(...splits.map(Math.abs)));
  const factor = scale?.factor ?? 1;
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) * factor || 1;
  const digits = numberWords(
    value * factor,
    Math.min(6, Math.max(0, Math.ceil(-Math.log10(step)))),
  );
  return scale === undefined ? digits : `${digits} ${scale.unit}`;
}

function drawBand(plot: uPlot, options: PlotOptions, colour: string): void {
  if (options.low === null && options.high === null) return;
  const { left, top, width, height } = plot.bbox;
  const y = (value: number | null, end: number): number =>
    value === null ? end : plot.valToPos(value, "y", true);
  const from = Math.max(top, Math.min(y(options.high, top), top + height));
  const to = Math.max(top, Math.min(y(options.low, top + height), top + height));
  plot.ctx.save();
  plot.ctx.fillStyle = colour;
  plot.ctx.fillRect(left, from, width, to - from);
  plot.ctx.restore();
}

/** Gaps are hatched, like every stale value: what is not known looks the same everywhere. */
function drawGaps(plot: uPlot, gaps: readonly HistoryGap[], colour: string): void {
  const { left, top, width, height } = plot.bbox;
  const { ctx } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = window.devicePixelRatio;
  for (const gap of gaps) {
    const from = Math.max(left, plot.valToPos(gap.fromUs / 1e6, "x", true));
    const to = Math.min(left + width, plot.valToPos(gap.toUs / 1e6, "x", true));
    if (to <= from) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, top, to - from, height);
    ctx.clip();
    ctx.beginPath();
    const step = 8 * window.devicePixelRatio;
    for (let x = from - height; x < to; x += step) {
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}
