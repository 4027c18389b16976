/**
 * The course of one tag over the last minutes or hour, live at its end. After a break it fetches what it missed; where
 * nothing was recorded it draws nothing. The same numbers are there as a summary, a table and a file.
 */
import { useComputed, useSignal } from "@preact/signals";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { summaryOf, type TimeRange } from "../live/history.ts";
import type { LiveStore } from "../live/live-store.ts";
import { FailedState } from "../parts/states.tsx";
import type { Shown } from "../trends/chart-view.ts";
import { drawnAs, drawnTag, valueAt } from "../trends/drawn.ts";
import { spanOf, type TrendRange } from "../trends/trend-range.ts";
import { useChart } from "../trends/use-chart.ts";
import { quantityWords } from "../words/amounts.ts";
import { clockWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { valueWords } from "../words/numbers.ts";
import type { RepairList } from "./repair-list.tsx";
import { GapList, TrendTable } from "./trend-table.tsx";

export interface TrendChartProps {
  readonly store: LiveStore;
  readonly tag: LiveTag;
  /** Where history lives: `/api` on the HMI, `/api/gateways/ID` on the console. */
  readonly base: string;
  readonly spanMs: number;
  readonly height: number;
  readonly wallMs: () => number;
  /** Where the server of `base` is a hub, which can bring what its gateway has; `hmi` is that one's page, "" if not known. */
  readonly repairs?: { readonly List: typeof RepairList; readonly hmi: string };
}

export function TrendChart(props: TrendChartProps): JSX.Element {
  const { store, tag, base, spanMs, height } = props;
  const range = useSignal<TrendRange>({ fromUs: -spanMs * 1_000, toUs: 0, live: true });
  const front = useSignal(0);
  useEffect(() => {
    range.value = { fromUs: -spanMs * 1_000, toUs: 0, live: true };
  }, [spanMs]);
  const { place, view, retry } = useChart(
    () => ({
      sources: [{ key: tag.id, tag, base, place: "", store }],
      height,
      range,
      front,
      nowUs: () => store.nowUs(),
      wallMs: props.wallMs,
    }),
    [store, tag, base, height],
  );
  const cursor = useComputed(() => {
    const seconds = view.value?.cursor.value;
    const drawn = view.value?.shown.value?.drawn[0];
    if (seconds === undefined || drawn === undefined) return "";
    const value = valueAt(drawn, seconds, drawnAs(tag));
    return value === undefined ? "" : `${clockWords(seconds * 1e6)}   ${readWords(tag, value)}`;
  });
  const shown = view.value?.shown.value;
  const failedMs = view.value?.failedMs.value;
  const [drawn] = shown?.drawn ?? [];
  const one = drawn === undefined ? undefined : { tag: drawnTag(tag), drawn };

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
          onRetry={retry}
        />
      )}
      {shown !== undefined && one !== undefined && (
        <>
          <p class="trend-summary">{summaryWords(tag, shown)}</p>
          <GapList
            gaps={(shown.lines[0]?.gaps ?? []).map((gap) => ({ gap }))}
            spanUs={spanOf(shown.range)}
          />
          {props.repairs !== undefined && (
            <props.repairs.List
              tags={[tag]}
              base={base}
              range={wholeMinutes(shown.range)}
              place=""
              hmi={props.repairs.hmi}
              onBrought={retry}
            />
          )}
          <TrendTable one={one} all={[one]} spanUs={spanOf(shown.range)} />
        </>
      )}
    </div>
  );
}

/** A live chart moves on with each second; the ledger is asked once a minute, and for what is past. */
export function wholeMinutes({ fromUs, toUs }: TimeRange): TimeRange {
  const minuteUs = 60_000_000;
  return {
    fromUs: Math.floor(fromUs / minuteUs) * minuteUs,
    toUs: Math.floor(toUs / minuteUs) * minuteUs,
  };
}

/** A value as it is drawn, with its unit; of a state its word. */
export function readWords(tag: LiveTag, value: number): string {
  if (drawnAs(tag) === "bands") return valueWords(tag, tag.type === "bool" ? value === 1 : value);
  return quantityWords(drawnTag(tag), value);
}

function summaryWords(tag: LiveTag, { drawn, range }: Shown): string {
  const from = clockWords(range.fromUs);
  const to = clockWords(range.toUs);
  const values = drawn[0]?.values ?? [];
  if (values.length === 0) return sayKit("chart.empty", { tag: tag.name, from, to });
  const found = summaryOf(values);
  if (found === undefined) return sayKit("chart.no-numbers", { tag: tag.name });
  if (drawnAs(tag) === "bands") {
    // States have names; a mean of their numbers would say nothing.
    const seen = new Set(values.flatMap((value) => (value === null ? [] : [value])));
    const states = [...seen].map((state) => readWords(tag, state)).join(", ");
    return sayKit("chart.states", { tag: tag.name, from, to, states });
  }
  return sayKit("chart.summary", {
    tag: tag.name,
    from,
    to,
    min: readWords(tag, found.min),
    mean: readWords(tag, found.mean),
    max: readWords(tag, found.max),
  });
}
