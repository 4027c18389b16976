/**
 * What a value did each time that something began: the newest times of an alarm, of an episode or of a limit laid over each
 * other from their beginning (ux-guide 9, C6).
 */
import { Button, EmptyState, FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import {
  atNow,
  classWords,
  loadMarks,
  windowsMax,
  windowsOfMarks,
  type ChartMarks,
  type TrendRange,
  type TrendSource,
  type WindowRule,
} from "@millwright/ui-kit/trends";
import { useComputed, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";

import { findBeyond, type FoundWindows, type LimitRule } from "./find-windows.ts";
import { OneValue, type OneValueProps } from "./one-value.tsx";
import { windowLengths, type WindowLength, type WindowsAsked } from "./window-address.ts";
import { WindowChart } from "./window-chart.tsx";
import { sayWindow } from "./window-messages.ts";
import { RuleChoice } from "./window-rule.tsx";
import { foundWords, limitWords, ruleWords } from "./window-words.ts";

/** The times are looked for in the range. */
export interface WindowTrendsProps extends OneValueProps {
  /** The next whole minute of the hub's clock. */
  readonly minuteUs: ReadonlySignal<number>;
  readonly asked: WindowsAsked;
  /** What is left out stays as it is. */
  readonly onAsk: (change: Partial<WindowsAsked>) => void;
  /** The value at one of the times, in a chart of its own. */
  readonly hrefOfTime: (range: TrendRange) => string;
}

export function WindowTrends(props: WindowTrendsProps): JSX.Element {
  const { sources, asked, onAsk } = props;
  const [source] = sources;
  return (
    <OneValue {...props}>
      <div class="button-row" role="group" aria-labelledby="window-length">
        <span id="window-length" class="window-length">
          {sayWindow("length.label")}
        </span>
        {(Object.keys(windowLengths) as WindowLength[]).map((length) => (
          <Button
            key={length}
            label={sayWindow(`length.${length}`)}
            pressed={length === asked.length}
            onPress={() => onAsk({ length })}
          />
        ))}
      </div>
      {source !== undefined && <Choice key={source.key} {...props} source={source} />}
    </OneValue>
  );
}

type OfSource = WindowTrendsProps & { readonly source: TrendSource };

/** What may be chosen, and what is. */
function Choice(props: OfSource): JSX.Element {
  const { source, asked, onAsk, range, minuteUs } = props;
  // A live range is looked through anew once a minute.
  const shown = useComputed(() => atNow(range.value, minuteUs.value)).value;
  const marks = useResource(
    keyOf(shown, source.key),
    (signal) => loadMarks([source], shown, signal),
    props.wallMs,
  );
  const { rule } = asked;
  return (
    <>
      <RuleChoice
        tag={source.tag}
        marks={marks.value?.marks.map(({ mark }) => mark) ?? []}
        rule={rule}
        onRule={(next) => onAsk({ rule: next })}
      />
      {marks.failedMs !== undefined && (
        <FailedState what={sayWindow("failed")} sinceMs={marks.failedMs} onRetry={marks.retry} />
      )}
      {rule === undefined ? (
        <Nothing title={sayWindow("choose")} what={sayWindow("choose.what")} />
      ) : rule.kind !== "alarm" && rule.kind !== "episode" ? (
        <OfLimit {...props} rule={rule} shown={shown} />
      ) : marks.value === undefined ? (
        marks.failedMs === undefined && <Skeleton height="30rem" />
      ) : (
        <Laid {...props} rule={rule} shown={shown} {...ofMarks(marks.value, rule, shown)} />
      )}
    </>
  );
}

function keyOf({ fromUs, toUs }: TrendRange, ...rest: readonly string[]): string {
  return [fromUs, toUs, ...rest].join(" ");
}

function ofMarks(
  { marks, more, knownFromUs }: ChartMarks,
  rule: Extract<WindowRule, { readonly kind: "alarm" | "episode" }>,
  shown: TrendRange,
): Found {
  const all = windowsOfMarks(
    marks.map(({ mark }) => mark),
    rule,
    shown,
  );
  const message = marks.find(({ mark }) => mark.kind === "alarm" && mark.id === idOf(rule))?.mark;
  return {
    windows: all.slice(-windowsMax),
    count: all.length,
    stepUs: 0,
    older: more > 0 || knownFromUs !== undefined,
    what:
      rule.kind === "episode"
        ? sayWindow("what.episode", { class: classWords(rule.class) })
        : sayWindow("what.alarm", {
            message: message?.kind === "alarm" ? message.message : rule.id,
          }),
  };
}

function idOf(rule: WindowRule): string {
  return rule.kind === "alarm" ? rule.id : "";
}

interface Found extends FoundWindows {
  /** There are some before the first one, which are not known. */
  readonly older: boolean;
  readonly what: string;
}

function OfLimit(
  props: OfSource & {
    readonly rule: LimitRule;
    readonly shown: TrendRange;
  },
): JSX.Element {
  const { source, rule, shown } = props;
  const found = useResource(
    keyOf(shown, source.key, rule.kind, String(rule.limit), String(rule.leastUs)),
    (signal) => findBeyond(source, rule, shown, signal),
    props.wallMs,
  );
  if (found.failedMs !== undefined) {
    return (
      <FailedState what={sayWindow("failed")} sinceMs={found.failedMs} onRetry={found.retry} />
    );
  }
  if (found.value === undefined) return <Skeleton height="30rem" />;
  const what = ruleWords(source.tag, rule);
  return <Laid {...props} {...found.value} older={false} what={what} />;
}

function Laid(
  props: OfSource & Found & { readonly rule: WindowRule; readonly shown: TrendRange },
): JSX.Element {
  const { windows, rule, source, what } = props;
  if (windows.length === 0) {
    const isLimit = rule.kind === "above" || rule.kind === "below";
    return (
      <Nothing
        title={sayWindow("none", { what })}
        what={
          isLimit
            ? sayWindow("none.limit", {
                side: sayWindow(`side.${rule.kind}`),
                limit: limitWords(source.tag, rule),
              })
            : sayWindow("none.what")
        }
      />
    );
  }
  return (
    <>
      <p class="window-words">{foundWords(props, props.shown)}</p>
      <WindowChart {...props} lengthUs={windowLengths[props.asked.length]} />
    </>
  );
}

function Nothing(props: { readonly title: string; readonly what: string }): JSX.Element {
  return (
    <EmptyState title={props.title}>
      <p>{props.what}</p>
    </EmptyState>
  );
}
