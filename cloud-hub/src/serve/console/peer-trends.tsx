/**
 * Is this machine unlike the others? One value of it over the middle and the tenths of all machines that have it (ux-guide 9,
 * C6), in a chart, in words and in a table.
 */
import { durationWords, EmptyState, loadJson, momentWords } from "@millwright/ui-kit";
import {
  atNow,
  ChartPanel,
  drawnAs,
  GapList,
  MarkList,
  PenSample,
  spanOf,
  useMarkedChart,
  type ChartMark,
  type MarkedChart,
  type OwnLines,
  type TrendRange,
  type TrendSource,
} from "@millwright/ui-kit/trends";
import { useComputed, useSignal } from "@preact/signals";
import type { LiveTag, PeerAnswer, PeerMachine } from "@millwright/wire-contract";
import { chartColumnsMax, type HistoryLine } from "@millwright/wire-contract/history";
import { bandMachinesMin } from "@millwright/wire-contract/peers";
import type { JSX } from "preact";

import { OneValue, type OneValueProps } from "./one-value.tsx";
import { sayPeer } from "./peer-messages.ts";
import { PeerTable, PeerTimes } from "./peer-table.tsx";
import { bandEndUs, columnAt } from "./peer-view.ts";
import { countsWords, meanWords, othersWords, ownWords, ruleWords } from "./peer-words.ts";
import type { ChosenTag } from "./trends-address.ts";

export interface PeerTrendsProps extends OneValueProps {
  readonly hrefOfMark: (mark: ChartMark) => string;
  readonly hrefOfPeer: (place: ChosenTag) => string;
}

export function PeerTrends(props: PeerTrendsProps): JSX.Element {
  const [source] = props.sources;
  return (
    <OneValue {...props}>
      {source === undefined ? null : drawnAs(source.tag) !== "line" ? (
        <EmptyState title={sayPeer("none.title", { tag: source.tag.name })}>
          <p>{sayPeer("none.what")}</p>
        </EmptyState>
      ) : (
        <Comparison key={source.key} {...props} source={source} />
      )}
    </OneValue>
  );
}

/** A column is a minute at least, and what is newest is told with the time it was looked at. */
const refreshMs = 60_000;
/** In the order in which they are drawn: what this machine does lies over all, and both edges look alike. */
const lineKeys = ["low", "high", "median", "own"] as const;
const pens = [3, 3, 1, 0];
/** As they are read. */
const legendKeys = ["own", "median", "high", "low"] as const;

function Comparison(props: PeerTrendsProps & { readonly source: TrendSource }): JSX.Element {
  const { source } = props;
  const answer = useSignal<PeerAnswer | undefined>(undefined);
  const front = useSignal(0);
  // Neither line has limits of its own: a second band would be taken for this one.
  const tag: LiveTag = { ...source.tag, low: null, high: null };
  const all = lineKeys.map((line): TrendSource => ({
    ...source,
    tag,
    key: `${source.key} ${line}`,
  }));
  const own: OwnLines = {
    load: async (shown, widthPx, signal) => {
      const found = await loadJson<PeerAnswer>(addressOf(source, shown, widthPx), signal);
      answer.value = found;
      return linesOf(found, tag.id);
    },
    refreshMs,
    pens,
    band: {
      ...{ low: 0, high: 1 },
      ...{ lowWords: sayPeer("band.low"), highWords: sayPeer("band.high") },
    },
  };
  const chart = useMarkedChart({ ...props, sources: [source], all, front, own });
  const found = answer.value;
  const shown = chart.view.value?.shown.value;
  return (
    <div class="trends">
      <ChartPanel
        {...props}
        sources={[source]}
        all={all}
        front={front}
        own={own}
        chart={chart}
        legend={<Legend tag={tag} source={source} chart={chart} answer={found} />}
      />
      {found !== undefined && shown !== undefined && (
        <Told {...props} tag={tag} answer={found} shown={shown.range} />
      )}
      <MarkList hrefOf={props.hrefOfMark} marks={chart.marks} />
    </div>
  );
}

function addressOf({ base, tag }: TrendSource, range: TrendRange, widthPx: number): string {
  const query = new URLSearchParams([
    ["tag", tag.id],
    ["from", String(Math.round(range.fromUs))],
    ["to", String(Math.round(range.toUs))],
    ["columns", String(Math.max(1, Math.min(chartColumnsMax, Math.round(widthPx))))],
  ]);
  return `${base}/peers?${query.toString()}`;
}

/** A mean stands in the middle of its column. */
function linesOf(answer: PeerAnswer, tag: string): readonly HistoryLine[] {
  const { fromUs, stepUs, counts, tier } = answer;
  const times = Float64Array.from(counts, (_, at) => fromUs + (at + 0.5) * stepUs);
  return lineKeys.map((line) => ({
    ...{ tag, tier, times, coarser: [], error: 0 },
    // Why something of this machine is missing; of the others the count says how many there are.
    gaps: line === "own" ? answer.gaps : [],
    values: Float64Array.from(answer[line], (value) => value ?? NaN),
  }));
}

/** What each line is, and what it says under the cursor or at the end of the band; and of how many machines. */
function Legend(props: {
  readonly tag: LiveTag;
  readonly source: TrendSource;
  readonly chart: MarkedChart;
  readonly answer: PeerAnswer | undefined;
}): JSX.Element {
  const { tag, source, answer } = props;
  const seconds = useComputed(() => props.chart.view.value?.cursor.value).value;
  const column =
    answer === undefined ? -1 : columnAt(answer, seconds === undefined ? undefined : seconds * 1e6);
  const step = answer === undefined ? "" : durationWords(answer.stepUs / 1_000);
  const names = {
    own: [tag.name, [source.place, sayPeer("pen.means", { step })].join(", ")],
    median: [sayPeer("pen.median"), sayPeer("pen.median.what")],
    low: [sayPeer("pen.low"), sayPeer("pen.low.what")],
    high: [sayPeer("pen.high"), sayPeer("pen.high.what")],
  } as const;
  const count = answer?.counts[column];
  return (
    <>
      <p class="range-words peer-counts">
        <span>{answer === undefined ? "" : countsWords(answer)}</span>
        <span class="range-cursor">
          {seconds === undefined || count === undefined
            ? ""
            : sayPeer("counts.at", { count: String(count) })}
        </span>
      </p>
      <ul class="pens" aria-label={sayPeer("legend")}>
        {legendKeys.map((line) => {
          const value = answer?.[line][column] ?? undefined;
          return (
            <li key={line} class="pen-line">
              <PenSample at={pens[lineKeys.indexOf(line)] ?? 0} bands={false} />
              <span class="pen-name">
                {names[line][0]}
                <small>{names[line][1]}</small>
              </span>
              <span class="pen-value">
                {value === undefined ? sayPeer("cell.none") : meanWords(tag, value)}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** All that the chart shows, in words and numbers. */
function Told(
  props: PeerTrendsProps & {
    readonly source: TrendSource;
    readonly tag: LiveTag;
    readonly answer: PeerAnswer;
    readonly shown: TrendRange;
  },
): JSX.Element {
  const { source, tag, answer, shown } = props;
  const isOwn = (one: PeerMachine): boolean =>
    one.tag === tag.id && source.base === `/api/gateways/${encodeURIComponent(one.gateway)}`;
  const own = answer.machines.find(isOwn);
  const endUs = bandEndUs(answer);
  const isBehind =
    endUs !== undefined && endUs < Math.min(atNow(shown, props.nowUs()).toUs, answer.atUs);
  return (
    <>
      <div class="peer-words">
        {own !== undefined && <p class="peer-own">{ownWords(tag, own, answer)}</p>}
        {endUs === undefined ? (
          <p>{sayPeer("few", { least: String(bandMachinesMin) })}</p>
        ) : (
          <p>{othersWords(answer)}</p>
        )}
        <p class="quiet">{ruleWords(tag, answer)}</p>
        {isBehind && (
          <p class="quiet">
            {sayPeer("ends", {
              time: momentWords(endUs, spanOf(shown)),
              least: String(bandMachinesMin),
            })}
          </p>
        )}
      </div>
      <PeerTable
        tag={tag}
        answer={answer}
        isOwn={isOwn}
        hrefOf={({ gateway, tag: id }) => props.hrefOfPeer({ gateway, tag: id })}
      />
      <GapList gaps={answer.gaps.map((gap) => ({ gap }))} spanUs={spanOf(shown)} />
      <PeerTimes tag={tag} answer={answer} own={tag.asset || source.place} />
    </>
  );
}
