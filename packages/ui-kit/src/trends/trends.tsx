/**
 * Up to eight tags in one chart, over minutes to years (ux-guide 8, H4): moved by finger, mouse, keys and buttons, live at
 * its end, with what is known of the lines in words: their numbers, from what they are drawn, within what they hold, and
 * where and why something is missing.
 */
import { useComputed, useSignal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { GapList, gapWords, TrendTable } from "../charts/trend-table.tsx";
import { RepairList } from "../charts/repair-list.tsx";
import { readWords, wholeMinutes } from "../charts/trend-chart.tsx";
import { Button } from "../parts/button.tsx";
import { FailedState } from "../parts/states.tsx";
import { momentWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import type { ChartView } from "./chart-view.ts";
import { drawnAs, drawnTag, valueAt } from "./drawn.ts";
import { earlierSources, earlierTimes, type Earlier } from "./earlier.ts";
import { cursorOfKey, panShare, rangeOfKey, zoomFactor } from "./gestures.ts";
import { MarkList, MarkStrip, useMarks } from "./mark-strip.tsx";
import type { ChartMark } from "./marks.ts";
import { NumbersTable } from "./numbers-table.tsx";
import { PenSample } from "./pen-sample.tsx";
import { atNow, panned, parseRange, rangeText, spanOf, zoomed } from "./trend-range.ts";
import type { TrendRange } from "./trend-range.ts";
import { gapsTogether, type TrendSource } from "./trend-source.ts";
import { useChart } from "./use-chart.ts";

export const spans = ["15min", "1h", "8h", "24h", "7d", "30d", "1y", "5y"] as const;
export type Span = (typeof spans)[number];

export interface TrendsProps {
  /** At least one. */
  readonly sources: readonly TrendSource[];
  /** What is shown, and what fingers and buttons change. */
  readonly range: Signal<TrendRange>;
  /** Of the buttons. */
  readonly spans: readonly Span[];
  /** The clock of what is recorded. */
  readonly nowUs: () => number;
  readonly wallMs: () => number;
  readonly height: number;
  /** What is laid over the time shown, and what changes it. */
  readonly earlier: Earlier | undefined;
  readonly onEarlier: (earlier: Earlier | undefined) => void;
  /** Where more is said of an alarm or an episode. */
  readonly hrefOfMark: (mark: ChartMark) => string;
  /** The servers of the sources are a hub: what their gateways have can be brought. */
  readonly repairs?: boolean;
}

export function Trends(props: TrendsProps): JSX.Element {
  const { sources, range, nowUs, height } = props;
  const front = useSignal(0);
  const all = [...sources, ...earlierSources(sources, props.earlier)];
  const keys = all.map(({ key }) => key).join("\n");
  const { place, view, retry } = useChart(
    () => ({ sources: all, height, range, front, nowUs, wallMs: props.wallMs }),
    [keys, height],
  );
  // A tag that was taken away leaves the front to the first.
  if (front.peek() >= sources.length) front.value = 0;
  const marked = { sources, view, wallMs: props.wallMs, hrefOf: props.hrefOfMark };
  const marks = useMarks(marked);
  const shown = view.value?.shown.value;
  const failedMs = view.value?.failedMs.value;
  const onKey = (event: KeyboardEvent): void => {
    const now = atNow(range.peek(), nowUs());
    const next = rangeOfKey(event, now, nowUs());
    const cursor = cursorOfKey(event.key, now, view.peek()?.cursor.peek());
    if (next !== undefined) range.value = next;
    else if (cursor !== undefined) view.peek()?.putCursor(cursor);
    else return;
    event.preventDefault();
  };
  const names = sources.map(({ tag }) => tag.name).join(", ");
  return (
    <div class="trends">
      <RangeButtons {...props} />
      <RangeWords view={view} />
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
      <MarkStrip {...marked} marks={marks} />
      <div class="pens" role="group" aria-label={sayKit("trends.front")}>
        {sources.map((source, at) => (
          <PenButton key={source.key} at={at} source={source} all={all} front={front} view={view} />
        ))}
      </div>
      <MarkList hrefOf={props.hrefOfMark} marks={marks} />
      {shown !== undefined && shown.drawn.length === all.length && (
        <Numbers {...props} all={all} front={front} shown={shown} onBrought={retry} />
      )}
    </div>
  );
}

function RangeButtons(props: TrendsProps): JSX.Element {
  const { range, nowUs, spans: offered } = props;
  const chosen = useComputed(() => (range.value.live ? rangeText(range.value) : "")).value;
  const live = useComputed(() => range.value.live).value;
  const change = (by: (range: TrendRange, nowUs: number) => TrendRange): void => {
    range.value = by(atNow(range.peek(), nowUs()), nowUs());
  };
  return (
    <div class="range-buttons">
      <div class="button-row" role="group" aria-label={sayKit("trends.spans")}>
        {offered.map((span) => (
          <Button
            key={span}
            label={sayKit(`trends.span.${span}`)}
            pressed={chosen === span}
            onPress={() => change((now, us) => parseRange(span, us) ?? now)}
          />
        ))}
      </div>
      <label class="choice-of-few">
        {sayKit("trends.compare")}
        <select
          value={props.earlier ?? ""}
          onChange={({ currentTarget }) => {
            props.onEarlier(earlierTimes.find((one) => one === currentTarget.value));
          }}
        >
          <option value="">{sayKit("trends.compare.none")}</option>
          {earlierTimes.map((one) => (
            <option key={one} value={one}>
              {sayKit(`trends.earlier.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <div class="button-row">
        <Button
          label={sayKit("trends.earlier")}
          onPress={() => change((now, us) => panned(now, -panShare, us))}
        />
        <Button
          label={sayKit("trends.later")}
          onPress={() => change((now, us) => panned(now, panShare, us))}
        />
        <Button
          label={sayKit("trends.closer")}
          onPress={() => change((now, us) => zoomed(now, zoomFactor, 0.5, us))}
        />
        <Button
          label={sayKit("trends.wider")}
          onPress={() => change((now, us) => zoomed(now, 1 / zoomFactor, 0.5, us))}
        />
        <Button
          label={sayKit("trends.live")}
          pressed={live}
          onPress={() => change((now, us) => ({ fromUs: us - spanOf(now), toUs: us, live: true }))}
        />
      </div>
    </div>
  );
}

/** The time shown, and the cursor in it. A line of progress stands below while more is on its way. */
function RangeWords(props: { readonly view: View }): JSX.Element {
  const { view } = props;
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
  const value = useComputed(() => readAt(view.value, at, tag));
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

function Numbers(
  props: TrendsProps & {
    /** With what is laid over them. */
    readonly all: readonly TrendSource[];
    readonly front: Signal<number>;
    readonly shown: NonNullable<ChartView["shown"]["value"]>;
    readonly onBrought: () => void;
  },
): JSX.Element {
  const { sources, shown, front } = props;
  // A file has the times at which something was measured: what is laid over others is not in it.
  const all = sources.map(({ tag }, at) => ({
    tag: drawnTag(tag),
    drawn: shown.drawn[at] ?? { times: [], values: [] },
  }));
  const one = all[front.value] ?? all[0];
  const span = spanOf(shown.range);
  const gaps = gapsTogether(shown.lines).map(({ gap, tags }) => ({
    gap,
    tags: tags.map((at) => sources[at]?.tag.name ?? ""),
  }));
  return (
    <>
      <NumbersTable sources={props.all} shown={shown} />
      <GapList gaps={gaps} spanUs={span} />
      {props.repairs === true && <Repairs {...props} />}
      {one !== undefined && <TrendTable one={one} all={all} spanUs={span} />}
    </>
  );
}

/** Beside the gaps: what each gateway has of these values and the hub has not. */
function Repairs(props: {
  readonly sources: readonly TrendSource[];
  readonly shown: NonNullable<ChartView["shown"]["value"]>;
  readonly onBrought: () => void;
}): JSX.Element {
  const bases = [...new Set(props.sources.map(({ base }) => base))];
  return (
    <>
      {bases.map((base) => {
        const mine = props.sources.filter((source) => source.base === base);
        const names = mine.map(({ tag, place }) => [tag.name, place].join(", ")).join("; ");
        return (
          <RepairList
            key={base}
            tags={mine.map(({ tag }) => tag)}
            base={base}
            range={wholeMinutes(props.shown.range)}
            place={bases.length === 1 ? "" : names}
            hmi={mine[0]?.hmi ?? ""}
            onBrought={props.onBrought}
          />
        );
      })}
    </>
  );
}
