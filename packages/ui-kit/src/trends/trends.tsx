/**
 * Up to eight tags in one chart, over minutes to years (ux-guide 8, H4): moved by finger, mouse, keys and buttons, live at
 * its end, with what is known of the lines in words: their numbers, from what they are drawn, within what they hold, and
 * where and why something is missing.
 */
import { useSignal, type Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

import { GapList, TrendTable } from "../charts/trend-table.tsx";
import type { RepairListProps } from "../charts/repair-list.tsx";
import { wholeMinutes } from "../charts/trend-chart.tsx";
import { sayKit } from "../words/english.ts";
import { ChartPanel, useMarkedChart } from "./chart-panel.tsx";
import type { ChartView } from "./chart-view.ts";
import { drawnTag } from "./drawn.ts";
import { earlierSources, earlierTimes, type Earlier } from "./earlier.ts";
import { MarkList } from "./mark-strip.tsx";
import type { ChartMark } from "./marks.ts";
import { NumbersTable } from "./numbers-table.tsx";
import { RangeButtons, type Span } from "./range-buttons.tsx";
import { spanOf, type TrendRange } from "./trend-range.ts";
import { gapsTogether, type TrendSource } from "./trend-source.ts";

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
  /** Stands beside the comparison with an earlier time. */
  readonly beside?: ComponentChildren;
  /** Where more is said of an alarm or an episode. */
  readonly hrefOfMark: (mark: ChartMark) => string;
  /** Beside the gaps: what a hub can bring of what its gateways have, or a gateway of what its devices have. */
  readonly repairs?: (props: RepairListProps) => JSX.Element | null;
}

export function Trends(props: TrendsProps): JSX.Element {
  const { sources } = props;
  const front = useSignal(0);
  const all = [...sources, ...earlierSources(sources, props.earlier)];
  // A tag that was taken away leaves the front to the first.
  if (front.peek() >= sources.length) front.value = 0;
  const chart = useMarkedChart({ ...props, all, front });
  const shown = chart.view.value?.shown.value;
  return (
    <div class="trends">
      <RangeButtons {...props}>
        <CompareChoice {...props} />
        {props.beside}
      </RangeButtons>
      <ChartPanel {...props} all={all} front={front} chart={chart} />
      <MarkList hrefOf={props.hrefOfMark} marks={chart.marks} />
      {shown !== undefined && shown.drawn.length === all.length && (
        <Numbers {...props} all={all} front={front} shown={shown} onBrought={chart.retry} />
      )}
    </div>
  );
}

/** What is laid over the time shown. */
function CompareChoice(props: Pick<TrendsProps, "earlier" | "onEarlier">): JSX.Element {
  return (
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
  );
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
      {props.repairs !== undefined && <Repairs {...props} List={props.repairs} />}
      {one !== undefined && <TrendTable one={one} all={all} spanUs={span} />}
    </>
  );
}

/** Beside the gaps: what can be had of these values, server by server. */
function Repairs(props: {
  readonly sources: readonly TrendSource[];
  readonly shown: NonNullable<ChartView["shown"]["value"]>;
  readonly onBrought: () => void;
  readonly List: NonNullable<TrendsProps["repairs"]>;
}): JSX.Element {
  const { List } = props;
  const bases = [...new Set(props.sources.map(({ base }) => base))];
  return (
    <>
      {bases.map((base) => {
        const mine = props.sources.filter((source) => source.base === base);
        const names = mine.map(({ tag, place }) => [tag.name, place].join(", ")).join("; ");
        return (
          <List
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
