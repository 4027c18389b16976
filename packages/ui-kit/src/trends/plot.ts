/**
 * uPlot with our colours: a pen for each tag, a scale for each unit, the normal band of the tag in front, states as bands,
 * gaps hatched. Loaded with the first chart.
 *
 * Each tag has points of its own times, thousands of them, so lines are drawn from those and not from a table that is
 * joined for all tags: a step of a finger is then painted within a frame or two on a slow panel.
 */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryGap } from "@millwright/wire-contract/history";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { earlierPen, penOf, type PenStyle } from "../charts/pens.ts";
import { drawBetween, sayBand, type PlotBand } from "./band-between.ts";
import { drawLine } from "./draw-line.ts";
import { drawnAs, type Drawn } from "./drawn.ts";
import { drawBand, drawGaps, drawLanes, laneHeights } from "./grounds.ts";
import {
  axesMax,
  axisUnit,
  relativeLabels,
  relativeSteps,
  scaleOfUnit,
  scaleRange,
  timeLabels,
  unitsOf,
  valueLabels,
} from "./scales.ts";

export interface PlotOptions {
  readonly place: HTMLElement;
  /** As they are drawn: a counter with the unit of its rate. */
  readonly tags: readonly LiveTag[];
  /** Of the lines of an earlier time: place of the tag, and that of the one with the same pen. */
  readonly earlier?: ReadonlyMap<number, number>;
  /** By place of the tag: its pen, where that is not the one of its place. */
  readonly pens?: readonly number[];
  /** Times are before and after a beginning, and none of the calendar. */
  readonly relative?: boolean;
  /** Between two of the lines. */
  readonly band?: PlotBand;
  readonly height: number;
  /** Seconds under the cursor; undefined when it has left. */
  readonly onCursor: (seconds: number | undefined) => void;
}

export interface Picture {
  /** One for each tag. */
  readonly drawn: readonly Drawn[];
  readonly gaps: readonly HistoryGap[];
  readonly fromUs: number;
  readonly toUs: number;
  /** Place of the tag whose normal range is shaded. */
  readonly front: number;
}

export interface Plot {
  /** What fingers touch: the plot without its axes. */
  readonly over: HTMLElement;
  /** Of the chart with its axes, px, as it was laid out last: to ask the page would lay it out again. */
  width(): number;
  draw(picture: Picture): void;
  /** @param seconds undefined takes the cursor away */
  putCursor(seconds: number | undefined): void;
  close(): void;
}

/** Of a label that says how long before or after: `+1 h 30 min`. */
const relativeSpacePx = 90;
const axisSize = 64;
/** As uPlot numbers the sides. */
const onTheRight = { side: 1 } as const;
/** Below it one axis is left, that of the tag in front: three would leave the lines no room. */
const oneAxisBelowPx = 600;

export function createPlot(options: PlotOptions): Plot {
  const { place, tags, height } = options;
  const style = getComputedStyle(place);
  const properties = new Map<string, string>();
  /** Read once: each reading makes the page work out its styles anew. Another theme makes another plot. */
  const property = (name: string): string => {
    const known = properties.get(name) ?? style.getPropertyValue(name).trim();
    properties.set(name, known);
    return known;
  };
  const units = unitsOf(tags);
  const penAt = (at: number): PenStyle => {
    const same = options.earlier?.get(at);
    if (same !== undefined) return earlierPen(penOf(same, property));
    return penOf(options.pens?.[at] ?? at, property);
  };
  let picture: Picture = { drawn: [], gaps: [], fromUs: 0, toUs: 1e6, front: 0 };
  const lanes = laneHeights(tags, height);

  const ranges = new Map<string, ReturnType<typeof scaleRange>>();
  /** Of a picture each is worked out once: axes ask again and again until they fit. */
  const ofUnit = (unit: string): ReturnType<typeof scaleRange> => {
    const known = ranges.get(unit);
    if (known !== undefined) return known;
    const found = rangeOfUnit(unit);
    ranges.set(unit, found);
    return found;
  };
  const rangeOfUnit = (unit: string): ReturnType<typeof scaleRange> => {
    const mine = picture.drawn.filter(
      (_, at) => tags[at]?.unit === unit && drawnAs(tags[at]) !== "bands",
    );
    const front = tags[picture.front];
    const limits =
      front?.unit === unit && drawnAs(front) !== "bands" ? [front.low, front.high] : [];
    const { fromUs, toUs } = picture;
    return scaleRange(mine, fromUs / 1e6, toUs / 1e6, limits, lanes.share);
  };
  const axis = {
    stroke: property("--ink-3"),
    font: `${property("--chart-axis-size") || "14px"} Inter, system-ui, sans-serif`,
    grid: { stroke: property("--line"), width: 0.5 },
    ticks: { stroke: property("--line"), width: 0.5 },
  };
  const valueAxes = units.slice(0, axesMax).map((unit, at): uPlot.Axis => {
    const one = {
      ...axis,
      scale: scaleOfUnit(units, unit),
      size: axisSize,
      grid: { ...axis.grid, show: at === 0 },
      label: axisUnit(unit, [1]),
      labelSize: 22,
      labelFont: axis.font,
      values: (_plot: uPlot, splits: number[]) => [
        ...valueLabels(unit, splits, ofUnit(unit).least),
      ],
    };
    // The first stands at the left, as uPlot has it by itself.
    const isLeft = at === 0 || place.clientWidth < oneAxisBelowPx;
    return isLeft ? one : Object.assign(one, onTheRight);
  });
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: options.relative !== true, auto: false },
        ...Object.fromEntries(
          units.map((unit): [string, uPlot.Scale] => [
            scaleOfUnit(units, unit),
            {
              auto: true,
              range: () => {
                const { min, max } = ofUnit(unit);
                return [min, max];
              },
            },
          ]),
        ),
      },
      axes: [
        {
          ...axis,
          ...(options.relative === true
            ? { incrs: [...relativeSteps], space: relativeSpacePx }
            : {}),
          values: (_plot, splits) => [
            ...(options.relative === true ? relativeLabels(splits) : timeLabels(splits)),
          ],
        },
        ...valueAxes,
      ],
      series: [
        {},
        ...tags.map((tag): uPlot.Series => {
          const scale = units.length === 0 ? "x" : scaleOfUnit(units, tag.unit);
          return {
            scale,
            show: drawnAs(tag) !== "bands",
            points: { show: false },
            paths: () => null,
          };
        }),
      ],
      hooks: {
        drawClear: [
          (plot) => {
            const front = tags[picture.front];
            if (front !== undefined && drawnAs(front) !== "bands") {
              drawBand(plot, scaleOfUnit(units, front.unit), front, property);
            }
            if (options.band !== undefined && units[0] !== undefined) {
              const scale = scaleOfUnit(units, units[0]);
              drawBetween(plot, scale, options.band, picture.drawn, property("--band-chart"));
            }
            drawGaps(plot, picture.gaps, property("--hatch"));
          },
        ],
        draw: [
          (plot) => {
            for (const [at, tag] of tags.entries()) {
              const drawn = picture.drawn[at];
              if (drawn === undefined || drawnAs(tag) === "bands") continue;
              drawLine(plot, scaleOfUnit(units, tag.unit), drawn, penAt(at));
            }
            drawLanes(plot, tags, picture.drawn, lanes, property);
            if (options.band !== undefined && units[0] !== undefined) {
              const scale = scaleOfUnit(units, units[0]);
              sayBand(plot, scale, options.band, picture.drawn, property);
            }
          },
        ],
        setCursor: [
          (plot) => {
            const { left } = plot.cursor;
            const inside = left !== undefined && left >= 0;
            options.onCursor(inside ? plot.posToVal(left, "x") : undefined);
          },
        ],
      },
    },
    [[], ...tags.map(() => [])],
    place,
  );
  let width = place.clientWidth;
  let axisAlone: string | undefined;
  const showAxes = (): void => {
    const front = tags[picture.front];
    const hasUnit = front !== undefined && drawnAs(front) !== "bands";
    const alone =
      width >= oneAxisBelowPx
        ? undefined
        : scaleOfUnit(units, hasUnit ? front.unit : (units[0] ?? ""));
    if (alone === axisAlone) return;
    axisAlone = alone;
    for (const one of chart.axes.slice(1)) one.show = alone === undefined || one.scale === alone;
    // Sides and sizes are worked out anew with the size only.
    chart.setSize({ width, height });
  };
  const sizes = new ResizeObserver(() => {
    width = place.clientWidth;
    showAxes();
    chart.setSize({ width, height });
  });
  sizes.observe(place);
  return {
    over: chart.over,
    width: () => width,
    draw(next) {
      picture = next;
      ranges.clear();
      showAxes();
      const ends = [next.fromUs / 1e6, next.toUs / 1e6];
      chart.batch(() => {
        // Lines come from their own points; these only say that there is something to draw.
        chart.setData([ends, ...tags.map(() => [0, 0])], false);
        chart.setScale("x", { min: ends[0] ?? 0, max: ends[1] ?? 1 });
      });
    },
    putCursor(seconds) {
      const left = seconds === undefined ? -10 : chart.valToPos(seconds, "x");
      chart.setCursor({ left, top: seconds === undefined ? -10 : 0 });
    },
    close() {
      sizes.disconnect();
      chart.destroy();
    },
  };
}
