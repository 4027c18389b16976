/** The scales of a chart: one for each unit, of which up to three have an axis, and lanes for the states below. */
import type { LiveTag } from "@millwright/wire-contract";

import { amountScale } from "../words/amounts.ts";
import { clockWords, dateWords, monthWords, relativeWords } from "../words/durations.ts";
import { numberWords } from "../words/numbers.ts";
import { unitWords } from "../words/units.ts";
import { drawnAs, firstAfter, type Drawn } from "./drawn.ts";

/** Axes that a person can tell apart beside one chart (ux-guide 8, H4). */
export const axesMax = 3;

/** Units of the lines in the order in which they come. States have none. */
export function unitsOf(tags: readonly LiveTag[]): readonly string[] {
  return [...new Set(tags.filter((tag) => drawnAs(tag) !== "bands").map((tag) => tag.unit))];
}

/** Name of the scale of a unit. */
export function scaleOfUnit(units: readonly string[], unit: string): string {
  return `unit ${units.indexOf(unit)}`;
}

/**
 * What a scale shows: all that is drawn of it in this time and the normal range of the tag in front; a flat line gets some
 * room around it.
 *
 * @param laneShare of the height, at the bottom, is for states
 */
export function scaleRange(
  drawn: readonly Drawn[],
  from: number,
  to: number,
  limits: readonly (number | null)[],
  laneShare: number,
): { readonly min: number; readonly max: number; readonly least: number } {
  let low = Infinity;
  let high = -Infinity;
  const take = (values: readonly (number | null)[], first: number, end: number): void => {
    for (let at = first; at < end; at++) {
      const value = values[at];
      if (value === null || value === undefined) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  };
  for (const { times, values } of drawn) {
    // A line enters from the point before the window and leaves for the one after.
    const first = Math.max(0, firstAfter(times, from) - 1);
    take(values, first, Math.min(values.length, firstAfter(times, to) + 1));
  }
  take(limits, 0, limits.length);
  if (low > high) [low, high] = [0, 1];
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  const least = low - room;
  const max = high + room;
  return { min: least - ((max - least) * laneShare) / (1 - laneShare), max, least };
}

const minuteS = 60;
const dayS = 86_400;

/** Labels of the time axis: as fine as its steps, and with the date where a day begins. */
export function timeLabels(seconds: readonly number[]): readonly string[] {
  const step = (seconds[1] ?? 0) - (seconds[0] ?? 0);
  let day = "";
  return seconds.map((second) => {
    const us = second * 1e6;
    if (step >= 27 * dayS) return monthWords(us);
    const date = dateWords(us);
    const isNew = date !== day && day !== "";
    day = date;
    const time = clockWords(us);
    if (step >= dayS / 2 || (isNew && time.startsWith("00:00"))) return date;
    return step >= minuteS ? time.slice(0, 5) : time;
  });
}

/** Steps of an axis whose times are before and after a beginning, s: those of a clock. */
export const relativeSteps: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minuteS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 60 * minuteS),
  ...[1, 2, 7].map((days) => days * dayS),
];

/** `−10 min`, `0 s`, `+1 h 30 min`. */
export function relativeLabels(seconds: readonly number[]): readonly string[] {
  return seconds.map((second) => relativeWords(second * 1e6));
}

/** All labels of an axis have one prefix, that of the largest, and one number of digits. */
export function valueLabels(
  unit: string,
  splits: readonly number[],
  least: number,
): readonly string[] {
  const scale = amountScale(unit, Math.max(...splits.map(Math.abs)));
  const factor = scale?.factor ?? 1;
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) * factor || 1;
  const decimals = decimalsOf(step);
  return splits.map((value) => (value < least ? "" : numberWords(value * factor, decimals)));
}

export function axisUnit(unit: string, splits: readonly number[]): string {
  return amountScale(unit, Math.max(...splits.map(Math.abs)))?.unit ?? unitWords(unit);
}

/** Digits after the point that tell neighbouring labels apart: two for steps of 0.25. */
function decimalsOf(step: number): number {
  for (let decimals = 0; decimals < 6; decimals++) {
    const steps = step * 10 ** decimals;
    if (Math.abs(steps - Math.round(steps)) < 1e-6 && steps >= 1 - 1e-6) return decimals;
  }
  return 6;
}
