/**
 * Alarms and episodes on the time axis (ux-guide 8, H2 and H4): a strip below the chart with a bar for each, as long as it
 * lasted, and the same as a list of links, which keys and gloves reach. Its room is there before they are, so that nothing
 * moves when they come.
 */
import { useComputed, useSignal, type ReadonlySignal } from "@preact/signals";
import type { TimeMark } from "@millwright/wire-contract/events";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { AdviceSymbol } from "../alarms/advice-symbol.tsx";
import { AlarmSymbol } from "../alarms/alarm-symbol.tsx";
import { Button } from "../parts/button.tsx";
import { FailedState } from "../parts/states.tsx";
import { useResource } from "../parts/use-resource.ts";
import { momentWords } from "../words/durations.ts";
import { sayKit, sayKitCount } from "../words/english.ts";
import type { ChartView } from "./chart-view.ts";
import { followMarkNews } from "./mark-news.ts";
import { layMarks, loadMarks, markWords, type ChartMark, type ChartMarks } from "./marks.ts";
import { atNow, spanOf, type TrendRange } from "./trend-range.ts";
import type { TrendSource } from "./trend-source.ts";

/** The least that an alarm symbol may have (ux-guide 4). */
const symbolPx = 20;
/** The newest, in sight without a press. */
const listedFirst = 4;

interface MarkProps {
  readonly view: ReadonlySignal<ChartView | undefined>;
  /** Where more is said of an alarm or an episode. */
  readonly hrefOf: (mark: ChartMark) => string;
  readonly marks: KnownMarks;
}

interface MarksOfTime {
  readonly range: TrendRange;
  readonly found: ChartMarks;
}

/** What is known of the marks of a chart, and which of them somebody points at. */
export interface KnownMarks {
  readonly known: MarksOfTime | undefined;
  readonly failedMs: number | undefined;
  readonly retry: () => void;
  readonly chosen: string | undefined;
  readonly choose: (key: string) => void;
  /** Nobody points at it any more; at another one somebody may. */
  readonly leave: (key: string) => void;
}

export function useMarks(options: {
  readonly sources: readonly TrendSource[];
  readonly view: ReadonlySignal<ChartView | undefined>;
  readonly nowUs: () => number;
  readonly wallMs: () => number;
}): KnownMarks {
  const { sources, nowUs } = options;
  // With what was drawn: asked for when the hand rests, and on a live chart once a minute and when there is news.
  const range = options.view.value?.shown.value?.range;
  const keys = sources.map(({ key }) => key).join("\n");
  const [news, setNews] = useState(0);
  useEffect(
    () =>
      followMarkNews(new Set(sources.flatMap(({ store }) => store ?? [])), () =>
        setNews((count) => count + 1),
      ),
    [keys],
  );
  const told = range?.live === true ? news : 0;
  const { value, failedMs, retry } = useResource(
    range === undefined ? "" : `${range.fromUs} ${range.toUs} ${told} ${keys}`,
    async (signal): Promise<MarksOfTime | undefined> => {
      if (range === undefined) return undefined;
      // What has just begun lies beyond the end of what was drawn.
      const now = atNow(range, nowUs());
      return { range: now, found: await loadMarks(sources, now, signal) };
    },
    options.wallMs,
  );
  const [chosen, choose] = useState<string>();
  const leave = (key: string): void => choose((now) => (now === key ? undefined : now));
  return { known: value, failedMs, retry, chosen, choose, leave };
}

/** Below the plot. What is pointed at is said in words of which the room is reserved. */
export function MarkStrip(
  props: MarkProps & {
    /** Stands beside the words. */
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const { known, failedMs, retry, chosen } = props.marks;
  if (failedMs !== undefined) {
    return <FailedState what={sayKit("marks.failed")} sinceMs={failedMs} onRetry={retry} />;
  }
  const one = known?.found.marks.find(({ mark }) => keyOf(mark) === chosen);
  const span = known === undefined ? 0 : spanOf(known.range);
  return (
    <div class="marks">
      <Lanes {...props} />
      <div class="mark-row">
        <p class="mark-words">
          {known === undefined
            ? ""
            : one === undefined
              ? countWords(known.found, span)
              : markWords(one, span)}
        </p>
        {props.children}
      </div>
    </div>
  );
}

function countWords({ marks, more, knownFromUs }: ChartMarks, span: number): string {
  if (knownFromUs !== undefined) {
    return sayKit("marks.known-from", { time: momentWords(knownFromUs, span) });
  }
  return marks.length === 0
    ? sayKit("marks.none")
    : sayKitCount("marks.count", marks.length + more);
}

/** An alarm comes again and again: its begin tells which one it is. */
function keyOf(mark: TimeMark): string {
  return `${mark.kind} ${mark.id} ${mark.fromUs}`;
}

/** What a finger or a mouse touches. Its parts are no links: they would be too small for a glove, and the list has them. */
function Lanes(props: MarkProps): JSX.Element {
  const { view } = props;
  const { chosen, choose, leave } = props.marks;
  const range = props.marks.known?.range;
  const marks = props.marks.known?.found.marks ?? [];
  const strip = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState({ left: 0, width: 1 });
  const over = view.value?.over.value;
  useEffect(() => {
    const here = strip.current;
    if (here === null || over === undefined) return undefined;
    const sizes = new ResizeObserver(() => {
      const { left, width } = over.getBoundingClientRect();
      setPlot({ left: left - here.getBoundingClientRect().left, width });
    });
    sizes.observe(over);
    sizes.observe(here);
    return () => sizes.disconnect();
  }, [over]);
  const known = useSignal(range);
  known.value = range;
  // A step of a finger moves the whole ground, and lays out nothing anew.
  const ground = useComputed(() => {
    const now = view.value?.painted.value;
    const of = known.value;
    if (now === undefined || of === undefined) return "left: 0; width: 100%";
    const left = ((of.fromUs - now.fromUs) / spanOf(now)) * 100;
    return `left: ${left.toFixed(3)}%; width: ${((spanOf(of) / spanOf(now)) * 100).toFixed(3)}%`;
  });
  const laid = range === undefined ? [] : layMarks(marks, range, (symbolPx + 4) / plot.width);
  return (
    <div class="mark-strip" ref={strip} aria-hidden="true">
      <div class="mark-plot" style={{ left: `${plot.left}px`, width: `${plot.width}px` }}>
        <div class="mark-ground" style={ground}>
          {laid.map((one) => {
            const { mark, lane, from, to } = one;
            const key = keyOf(mark);
            // The present moves on until the next answer, and what lasts goes with it.
            const end = mark.toUs === undefined && range?.live === true ? to + 1 : to;
            return (
              <span
                key={key}
                class="mark"
                data-lane={lane}
                data-chosen={key === chosen}
                style={{ left: `${from * 100}%`, width: `${(end - from) * 100}%` }}
                onPointerEnter={() => choose(key)}
                onPointerLeave={() => leave(key)}
                onClick={() => {
                  location.hash = props.hrefOf(one);
                }}
              >
                {one.symbol && <Symbol mark={mark} />}
              </span>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Symbol(props: { readonly mark: TimeMark }): JSX.Element | null {
  const { mark } = props;
  if (mark.kind === "episode") return <AdviceSymbol size={symbolPx} />;
  const state = mark.toUs === undefined ? "acknowledged" : "returned";
  return <AlarmSymbol priority={mark.priority} state={state} size={symbolPx} />;
}

/** The newest first; each is a link that a glove hits. */
export function MarkList(
  props: Pick<MarkProps, "hrefOf" | "marks"> & {
    /** Not only the newest: somebody has asked for them. */
    readonly whole?: boolean;
  },
): JSX.Element | null {
  const { choose, leave } = props.marks;
  const known = useHeld(props.marks);
  const [pressed, press] = useState(false);
  const all = props.whole === true || pressed;
  if (known === undefined || known.found.marks.length === 0) return null;
  const { found } = known;
  const span = spanOf(known.range);
  const newest = found.marks.toReversed();
  return (
    <section class="marks" aria-label={sayKit("marks.title")}>
      <ul class="mark-list">
        {newest.slice(0, all ? newest.length : listedFirst).map((one) => {
          const key = keyOf(one.mark);
          return (
            <li key={`${one.base} ${key}`}>
              <a
                href={props.hrefOf(one)}
                onFocus={() => choose(key)}
                onBlur={() => leave(key)}
                onPointerEnter={() => choose(key)}
                onPointerLeave={() => leave(key)}
              >
                <Symbol mark={one.mark} />
                <span>{markWords(one, span)}</span>
              </a>
            </li>
          );
        })}
      </ul>
      {newest.length > listedFirst && props.whole !== true && (
        <div class="button-row">
          <Button
            label={sayKitCount("marks.all", newest.length)}
            pressed={all}
            onPress={() => press((now) => !now)}
          />
        </div>
      )}
      {found.more > 0 && <p class="quiet">{sayKitCount("marks.more", found.more)}</p>}
    </section>
  );
}

/** Where somebody points at one of a live chart, what comes meanwhile does not move it away (ux-guide 2.6). */
function useHeld({ known, chosen }: KnownMarks): MarksOfTime | undefined {
  const held = useRef(known);
  const before = held.current?.range;
  const now = known?.range;
  const isSameChart =
    before?.live === true && now?.live === true && Math.abs(spanOf(before) - spanOf(now)) < 1;
  if (chosen === undefined || !isSameChart) held.current = known;
  return held.current;
}
