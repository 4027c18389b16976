/** What a rule, an alarm or a limit would have done in a time, and how that compares with what people know of it. */
import type { EventRecord } from "@millwright/wire-contract/events";

import type { Stretch } from "./past.ts";

/** What is found in a time: when it was fired, and when it could not judge. Ends are absent while it lasts. */
export interface Outcome {
  readonly fired: readonly Span[];
  readonly unknown: readonly Span[];
}

export interface Span {
  readonly fromUs: number;
  readonly toUs?: number;
}

/** Collects spans as they begin and end. */
export class SpanBook {
  readonly #spans: { fromUs: number; toUs?: number }[] = [];

  begin(atUs: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && last.toUs === undefined) return;
    this.#spans.push({ fromUs: atUs });
  }

  end(atUs: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && last.toUs === undefined) last.toUs = atUs;
  }

  /** Those that touch the time, cut to it: what lay before was for warming up. */
  within({ fromUs, toUs }: Stretch): readonly Span[] {
    return this.#spans
      .filter((span) => (span.toUs ?? Infinity) > fromUs && span.fromUs < toUs)
      .map((span) => ({ ...span, fromUs: Math.max(fromUs, span.fromUs) }));
  }
}

/** A stretch that somebody has labelled. */
export interface Label {
  readonly fromUs: number;
  readonly toUs: number;
  readonly fault: boolean;
  readonly failureMode: string;
  readonly author: string;
}

export interface BacktestFigures {
  readonly days: number;
  readonly fires: number;
  readonly firesPerDay: number;
  /** Part of the time in which it was fired, and in which it could not judge. */
  readonly firedShare: number;
  readonly unknownShare: number;
  readonly longestS: number;
  /** Minutes with three or more fires (ANSI/ISA-18.2-2016, 16.5: chattering). */
  readonly chatteringMinutes: number;
  /** Fires that were over in less than ten seconds. */
  readonly fleeting: number;
  readonly labels: {
    readonly faults: number;
    readonly found: number;
    /** Half of those found were found within this, s; NaN without any. */
    readonly medianDelayS: number;
    /** Fires in stretches that somebody said were none. */
    readonly falseFires: number;
    readonly missed: readonly Label[];
  };
}

const chatteringFires = 3;
const minuteUs = 60_000_000;
const fleetingUs = 10_000_000;
const dayUs = 86_400_000_000;

export function figuresOf(
  { fired, unknown }: Outcome,
  time: Stretch,
  labels: readonly Label[],
): BacktestFigures {
  const days = (time.toUs - time.fromUs) / dayUs;
  const lengths = fired.map((span) => lengthUs(span, time));
  const faults = labels.filter(({ fault }) => fault);
  const delays = faults.flatMap((label) => {
    const first = fired.find((span) => touches(span, label));
    return first === undefined ? [] : [Math.max(0, first.fromUs - label.fromUs) / 1e6];
  });
  return {
    days,
    fires: fired.length,
    firesPerDay: fired.length / days,
    firedShare: sum(lengths) / (time.toUs - time.fromUs),
    unknownShare: sum(unknown.map((span) => lengthUs(span, time))) / (time.toUs - time.fromUs),
    longestS: Math.max(0, ...lengths) / 1e6,
    chatteringMinutes: chatteringMinutes(fired),
    fleeting: fired.filter(({ fromUs, toUs }) => toUs !== undefined && toUs - fromUs < fleetingUs)
      .length,
    labels: {
      faults: faults.length,
      found: delays.length,
      medianDelayS: delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? NaN,
      falseFires: fired.filter(
        (span) =>
          labels.some((label) => !label.fault && touches(span, label)) &&
          !faults.some((label) => touches(span, label)),
      ).length,
      missed: faults.filter((label) => !fired.some((span) => touches(span, label))),
    },
  };
}

/** @param asset "" takes those of all assets */
export function labelsOf(
  events: readonly EventRecord[],
  asset: string,
  { fromUs, toUs }: Stretch,
): readonly Label[] {
  return events.flatMap((event) => {
    if (event.kind !== "label" || (asset !== "" && event.asset !== asset)) return [];
    const { label, failureMode, author, ...span } = event.body;
    if (label === "unknown" || span.toUs <= fromUs || span.fromUs >= toUs) return [];
    return [
      {
        fromUs: span.fromUs,
        toUs: span.toUs,
        fault: label === "fault",
        failureMode,
        author,
      },
    ];
  });
}

function chatteringMinutes(fired: readonly Span[]): number {
  const perMinute = new Map<number, number>();
  for (const { fromUs } of fired) {
    const minute = Math.floor(fromUs / minuteUs);
    perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
  }
  return [...perMinute.values()].filter((fires) => fires >= chatteringFires).length;
}

function touches(span: Span, label: Label): boolean {
  return (span.toUs ?? Infinity) >= label.fromUs && span.fromUs <= label.toUs;
}

function lengthUs({ fromUs, toUs }: Span, time: Stretch): number {
  return Math.max(0, Math.min(time.toUs, toUs ?? time.toUs) - fromUs);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
