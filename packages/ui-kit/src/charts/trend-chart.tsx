/**
 * The course of one tag over the last minutes or hour, live at its end. After a break it fetches what it missed; where
 * nothing was recorded it draws nothing. The same numbers are there as a summary, a table and a file.
 */
import { effect } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryGap } from "@millwright/wire-contract/history";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { loadHistory, summaryOf, type TimeRange } from "../live/history.ts";
import type { LiveStore } from "../live/live-store.ts";
import { FailedState } from "../parts/states.tsx";
import { clockWords } from "../words/durations.ts";
import { quantityWords } from "../words/amounts.ts";
import { sayKit } from "../words/english.ts";
import { numberOf } from "../words/numbers.ts";
import type { Plot } from "./plot.ts";
import { watchTheme } from "./sparkline.tsx";
import { Trace } from "./trace.ts";
import { GapList, TrendTable } from "./trend-table.tsx";

export interface TrendChartProps {
  readonly store: LiveStore;
  readonly tag: LiveTag;
  /** Where history lives: `/api` on the HMI, `/api/gateways/ID` on the console. */
  readonly base: string;
  readonly spanMs: number;
  readonly height: number;
  readonly wallMs: () => number;
}

/** The reduced past is fetched anew this often, so that live points do not pile up beside it. */
const refreshMs = 60_000;
const redrawMs = 1_000;

export function TrendChart(props: TrendChartProps): JSX.Element {
  const { store, tag, base, spanMs, height } = props;
  const place = useRef<HTMLDivElement>(null);
  const [trace] = useState(() => new Trace());
  const [loaded, setLoaded] = useState<Loaded | undefined>();
  const [failedMs, setFailedMs] = useState<number | undefined>();
  const [cursor, setCursor] = useState("");
  const [tries, setTries] = useState(0);

  useEffect(() => {
    const given = new AbortController();
    const ends: (() => void)[] = [() => given.abort()];
    let plot: Plot | undefined;
    let gaps: readonly HistoryGap[] = [];
    const redraw = (): void => {
      const toUs = store.nowUs();
      if (toUs === 0) return;
      const fromUs = toUs - spanMs * 1_000;
      trace.trim(fromUs);
      const view = store.view(tag);
      const holds = view.state === "good" || view.state === "uncertain";
      trace.hold(holds ? view.proofUs : -Infinity);
      plot?.draw(trace, gaps, fromUs, toUs);
    };
    const refresh = async (): Promise<void> => {
      const toUs = store.nowUs();
      if (toUs === 0) return;
      const range = { fromUs: toUs - spanMs * 1_000, toUs };
      const width = place.current?.clientWidth ?? 1_000;
      const [line] = await loadHistory(base, [tag.id], range, width, given.signal);
      if (line === undefined) return;
      trace.load(line);
      ({ gaps } = line);
      setLoaded({ gaps, range });
      setFailedMs(undefined);
      redraw();
    };
    const turn = (): void =>
      void refresh().catch(() => {
        if (!given.signal.aborted) setFailedMs(props.wallMs());
      });
    const build = async (): Promise<void> => {
      // The library comes with the first chart: the overview does not wait for it.
      const { createPlot } = await import("./plot.ts");
      if (given.signal.aborted || place.current === null) return;
      plot?.close();
      plot = createPlot({
        place: place.current,
        low: tag.low,
        high: tag.high,
        unit: tag.unit,
        texts: tag.texts,
        stepped: tag.kind === "state" || tag.type === "bool",
        height,
        onCursor: (seconds, value) => setCursor(cursorWords(tag, seconds, value)),
      });
      redraw();
    };
    // The stylesheet of the page may still be on its way to the new theme.
    const rebuild = (): void => void build().catch(() => setFailedMs(props.wallMs()));
    rebuild();
    ends.push(watchTheme(rebuild));
    ends.push(
      effect(() => {
        if (store.snapshots.value > 0) turn();
      }),
    );
    ends.push(effect(() => follow(store, tag, trace)));
    const timers = [setInterval(turn, refreshMs), setInterval(redraw, redrawMs)];
    ends.push(() => timers.forEach((timer) => clearInterval(timer)));
    return () => {
      for (const end of ends) end();
      plot?.close();
    };
  }, [store, tag, base, spanMs, height, tries]);

  return (
    <div class="trend">
      <p class="trend-cursor" aria-hidden="true">
        {cursor}
      </p>
      <div class="trend-plot" ref={place} style={{ height: `${height}px` }} />
      {failedMs !== undefined && (
        <FailedState
          what={sayKit("chart.failed", { tag: tag.name })}
          sinceMs={failedMs}
          onRetry={() => setTries((count) => count + 1)}
        />
      )}
      {loaded !== undefined && (
        <>
          <p class="trend-summary">{summaryWords(tag, trace, loaded.range)}</p>
          <GapList gaps={loaded.gaps} />
          <TrendTable tag={tag} trace={trace} />
        </>
      )}
    </div>
  );
}

interface Loaded {
  readonly gaps: readonly HistoryGap[];
  readonly range: TimeRange;
}

/** Appends what arrives; a value that cannot be trusted ends the line. */
function follow(store: LiveStore, tag: LiveTag, trace: Trace): void {
  const view = store.view(tag);
  const value = store.value(tag.id).value;
  if (value === undefined) return;
  if (view.state === "good" || view.state === "uncertain") {
    trace.push(value.m, numberOf(value.v) ?? null);
  } else if (view.state === "bad") {
    trace.push(value.m, null);
  } else {
    trace.push(store.nowUs(), null);
  }
}

function cursorWords(
  tag: LiveTag,
  seconds: number | undefined,
  value: number | null | undefined,
): string {
  if (seconds === undefined || value === undefined || value === null) return "";
  const text = tag.texts[String(value)] ?? quantityWords(tag, value);
  return `${clockWords(seconds * 1e6)}   ${text}`;
}

function summaryWords(tag: LiveTag, trace: Trace, range: TimeRange): string {
  const from = clockWords(range.fromUs);
  const to = clockWords(range.toUs);
  if (trace.times.length === 0) return sayKit("chart.empty", { tag: tag.name, from, to });
  const found = summaryOf(trace.values);
  if (found === undefined) return sayKit("chart.no-numbers", { tag: tag.name });
  if (Object.keys(tag.texts).length > 0) {
    // States have names; a mean of their numbers would say nothing.
    const seen = new Set(trace.values.flatMap((value) => (value === null ? [] : String(value))));
    const states = [...seen].map((state) => tag.texts[state] ?? state).join(", ");
    return sayKit("chart.states", { tag: tag.name, from, to, states });
  }
  const words = (value: number): string => quantityWords(tag, value);
  return sayKit("chart.summary", {
    tag: tag.name,
    from,
    to,
    min: words(found.min),
    mean: words(found.mean),
    max: words(found.max),
  });
}
