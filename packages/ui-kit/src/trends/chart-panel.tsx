/**
 * The chart itself: its time in words, the picture, the marks of alarms and episodes below it, and a pen for each tag. What
 * stands around it is the business of who shows it.
 */
import { useComputed, type ReadonlySignal, type Signal } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { ComponentChildren, JSX } from "preact";

import { gapWords } from "../charts/trend-table.tsx";
import { readWords } from "../charts/trend-chart.tsx";
import { FailedState } from "../parts/states.tsx";
import { momentWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { numberOf } from "../words/numbers.ts";
import type { ChartView, OwnLines } from "./chart-view.ts";
import { drawnAs, valueAt } from "./drawn.ts";
import { cursorOfKey, rangeOfKey } from "./gestures.ts";
import { MarkStrip, useMarks, type KnownMarks } from "./mark-strip.tsx";
import type { ChartMark } from "./marks.ts";
import { PenSample } from "./pen-sample.tsx";
import { atNow, spanOf, type TrendRange } from "./trend-range.ts";
import { gapsTogether, type TrendSource } from "./trend-source.ts";
import { useChart } from "./use-chart.ts";

export interface ChartPanelProps {
  /** At least one. */
  readonly sources: readonly TrendSource[];
  /** With what is laid over them. */
  readonly all: readonly TrendSource[];
  readonly range: Signal<TrendRange>;
  /** It keeps its range: fingers and keys read it and do not move it. */
  readonly still?: boolean;
  /** Place of the tag whose range is drawn. */
  readonly front: Signal<number>;
  /** The clock of what is recorded. */
  readonly nowUs: () => number;
  readonly wallMs: () => number;
  readonly height: number;
  /** Where the lines come from, when they are not the history of `all`. */
  readonly own?: OwnLines;
  /** Where more is said of an alarm or an episode. */
  readonly hrefOfMark: (mark: ChartMark) => string;
}

/** A chart with what is known of its marks, as long as its element and its sources live. */
export interface MarkedChart {
  readonly place: { current: HTMLDivElement | null };
  readonly view: View;
  readonly retry: () => void;
  readonly marks: KnownMarks;
}

export function useMarkedChart(props: Omit<ChartPanelProps, "hrefOfMark">): MarkedChart {
  const { sources, all, range, front, nowUs, wallMs, height, still = false, own } = props;
  const keys = all.map(({ key }) => key).join("\n");
  const { place, view, retry } = useChart(
    () => ({
      ...{ sources: all, height, range, front, nowUs, wallMs, still },
      ...(own === undefined ? {} : { own }),
    }),
    [keys, height],
  );
  return { place, view, retry, marks: useMarks({ sources, view, nowUs, wallMs }) };
}

export function ChartPanel(
  props: ChartPanelProps & {
    readonly chart: MarkedChart;
    /** Stands beside the words of the marks. */
    readonly children?: ComponentChildren;
    /** In place of a button for each pen. */
    readonly legend?: ComponentChildren;
  },
): JSX.Element {
  const { sources, all, front, legend } = props;
  const { view, marks } = props.chart;
  return (
    <>
      <PlotArea {...props} {...props.chart} />
      <MarkStrip view={view} hrefOf={props.hrefOfMark} marks={marks}>
        {props.children}
      </MarkStrip>
      {legend ?? (
        <div class="pens" role="group" aria-label={sayKit("trends.front")}>
          {sources.map((source, at) => (
            <PenButton
              key={source.key}
              at={at}
              source={source}
              all={all}
              front={front}
              view={view}
            />
          ))}
        </div>
      )}
    </>
  );
}

/** The picture with its time in words, moved by keys. */
export function PlotArea(
  props: Pick<ChartPanelProps, "sources" | "range" | "still" | "nowUs" | "height"> &
    Pick<MarkedChart, "place" | "view" | "retry"> & {
      /** A moment of the time shown, where it is none of the calendar. */
      readonly momentWords?: (us: number) => string;
    },
): JSX.Element {
  const { sources, range, nowUs, height, place, view, retry } = props;
  const failedMs = view.value?.failedMs.value;
  const onKey = (event: KeyboardEvent): void => {
    const now = atNow(range.peek(), nowUs());
    const next = props.still === true ? undefined : rangeOfKey(event, now, nowUs());
    const cursor = cursorOfKey(event.key, now, view.peek()?.cursor.peek());
    if (next !== undefined) range.value = next;
    else if (cursor !== undefined) view.peek()?.putCursor(cursor);
    else return;
    event.preventDefault();
  };
  const names = [...new Set(sources.map(({ tag }) => tag.name))].join(", ");
  return (
    <>
      <RangeWords view={view} momentWords={props.momentWords ?? momentWords} />
      <div
        class="trend-plot"
        tabIndex={0}
        role="application"
        aria-label={sayKit("trends.chart", { tags: names })}
        ref={place}
        style={{ height: `${height}px` }}
        onKeyDown={onKey}
      />
      {failedMs !== undefined && (
        <FailedState what={sayKit("trends.failed")} sinceMs={failedMs} onRetry={retry} />
      )}
    </>
  );
}

/** The time shown, and the cursor in it. A line of progress stands below while more is on its way. */
function RangeWords(props: {
  readonly view: View;
  readonly momentWords: (us: number, spanUs: number) => string;
}): JSX.Element {
  const { view, momentWords } = props;
  const shown = useComputed(() => {
    const range = view.value?.painted.value;
    if (range === undefined) return "";
    const words = (us: number): string => momentWords(us, spanOf(range));
    return sayKit("trends.shown", { from: words(range.fromUs), to: words(range.toUs) });
  });
  const cursor = useComputed(() => {
    const seconds = view.value?.cursor.value;
    const range = view.value?.painted.value;
    if (seconds === undefined || range === undefined) return "";
    const us = seconds * 1e6;
    const time = momentWords(us, spanOf(range));
    const at = gapsTogether(view.value?.shown.value?.lines ?? []).find(
      ({ gap }) => gap.fromUs <= us && us <= gap.toUs,
    );
    return at === undefined
      ? sayKit("trends.cursor", { time })
      : sayKit("trends.cursor.gap", { time, gap: gapWords(at.gap, spanOf(range)) });
  });
  const loading = useComputed(() => view.value?.loading.value === true);
  return (
    <p class="range-words" data-loading={loading}>
      <span class="range-shown">{shown}</span>
      <span class="range-cursor">{cursor}</span>
    </p>
  );
}

type View = ReadonlySignal<ChartView | undefined>;

/** Name, pen and value of one tag: under the cursor, or the newest. Pressed it comes to the front with its range. */
function PenButton(props: {
  readonly at: number;
  readonly source: TrendSource;
  /** With what is laid over them. */
  readonly all: readonly TrendSource[];
  readonly front: Signal<number>;
  readonly view: View;
}): JSX.Element {
  const { at, source, front, view } = props;
  const { tag, place } = source;
  const over = props.all.findIndex(({ earlier }) => earlier?.pen === at);
  const time = props.all[over]?.earlier?.words;
  const value = useComputed(() => readNow(view.value, source) ?? readAt(view.value, at, tag));
  const before = useComputed(() =>
    sayKit("trends.before", { time: time ?? "", value: readAt(view.value, over, tag) }),
  );
  const isFront = useComputed(() => front.value === at);
  return (
    <button
      type="button"
      class="pen-button"
      aria-pressed={isFront}
      onClick={() => {
        front.value = at;
      }}
    >
      <PenSample at={at} bands={drawnAs(tag) === "bands"} />
      <span class="pen-name">
        {tag.name}
        <small>
          {[place, drawnAs(tag) === "rate" ? sayKit("trends.rate") : ""]
            .filter((one) => one !== "")
            .join(", ")}
        </small>
        {time !== undefined && <small>{before}</small>}
      </span>
      <span class="pen-value">{value}</span>
    </button>
  );
}

/**
 * What a tag says now, where the chart ends with the present and no cursor reads it: the same as everywhere else on the
 * screen. A rate is reckoned from what was drawn.
 */
function readNow(
  view: ChartView | undefined,
  { store, tag, away = false }: TrendSource,
): string | undefined {
  const isLive = view?.painted.value?.live === true && view.cursor.value === undefined;
  if (isLive && away) return sayKit("value.none");
  if (!isLive || store === undefined || drawnAs(tag) === "rate") return undefined;
  const { state } = store.view(tag);
  const number = numberOf(store.value(tag.id).value?.v ?? null);
  return number === undefined || (state !== "good" && state !== "uncertain")
    ? sayKit("value.none")
    : readWords(tag, number);
}

/** Under the cursor; without one the newest, and of an earlier time what lies over the present. */
function readAt(view: ChartView | undefined, at: number, tag: LiveTag): string {
  const shown = view?.shown.value;
  const drawn = shown?.drawn[at];
  const seconds = view?.cursor.value;
  if (shown === undefined || drawn === undefined) return "";
  const isNewest = seconds === undefined && drawn.times.at(-1) !== undefined;
  const atEnd = Math.min(shown.range.toUs / 1e6, drawn.times.at(-1) ?? 0);
  const found =
    isNewest && drawn.values.at(-1) === null
      ? undefined
      : valueAt(drawn, seconds ?? atEnd, drawnAs(tag));
  return found === undefined ? sayKit("value.none") : readWords(tag, found);
}
