/** Times from their beginning on, each with a pen, and the same in numbers. */
import { Button } from "@millwright/ui-kit";
import {
  drawnAs,
  laidOver,
  loadHistory,
  NumbersTable,
  PenSample,
  PlotArea,
  readWords,
  relativeWords,
  saveCsv,
  useChart,
  valueAt,
  type Drawn,
  type OwnLines,
  type TimeWindow,
  type TrendRange,
  type TrendSource,
} from "@millwright/ui-kit/trends";
import { useComputed, useSignal, type ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { sayWindow } from "./window-messages.ts";
import { beginWords, lastedWords } from "./window-words.ts";

export interface WindowChartProps {
  readonly source: TrendSource;
  /** At least one, the oldest first. */
  readonly windows: readonly TimeWindow[];
  /** From the beginning on; a quarter of it is shown before. */
  readonly lengthUs: number;
  readonly height: number;
  readonly nowUs: () => number;
  readonly minuteUs: ReadonlySignal<number>;
  readonly wallMs: () => number;
  readonly hrefOfTime: (range: TrendRange) => string;
}

export function WindowChart(props: WindowChartProps): JSX.Element {
  const { source, windows, lengthUs, height, nowUs, wallMs, minuteUs } = props;
  const shownNow: TrendRange = { fromUs: -lengthUs / 4, toUs: lengthUs, live: false };
  const range = useSignal(shownNow);
  const front = useSignal(0);
  useEffect(() => {
    range.value = shownNow;
  }, [lengthUs]);
  const sources = windows.map((one): TrendSource => {
    const { tag, key } = source;
    return {
      ...source,
      key: `${key} ${one.fromUs}`,
      // What tells them apart.
      tag: { ...tag, name: beginWords(one) },
      place: lastedWords(one),
    };
  });
  const own: OwnLines = {
    load: (shown, widthPx, signal) =>
      Promise.all(
        windows.map(async ({ fromUs }) => {
          const time = { fromUs: fromUs + shown.fromUs, toUs: fromUs + shown.toUs };
          const [line] = await loadHistory(source.base, [source.tag.id], time, widthPx, signal);
          if (line === undefined) throw new Error("the answer has no line");
          return laidOver(line, -fromUs);
        }),
      ),
    // What lies in the past stays as it is; what goes on is asked for below.
    refreshMs: 60_000,
    relative: true,
  };
  const keys = sources.map(({ key }) => key).join("\n");
  const { place, view, retry } = useChart(
    () => ({ sources, height, range, front, nowUs, wallMs, still: true, own }),
    [keys, height],
  );
  // The newest of them may go on: the chart does so once a minute.
  const minute = useComputed(() => minuteUs.value).value;
  const goesOn = windows.some(({ fromUs }) => fromUs + lengthUs > minute - 60e6);
  const loadedFor = useRef(minute);
  useEffect(() => {
    if (goesOn && loadedFor.current !== minute) view.peek()?.load();
    loadedFor.current = minute;
  }, [minute]);
  const shown = view.value?.shown.value;
  const isWhole = shown !== undefined && shown.drawn.length === sources.length;
  return (
    <div class="trends">
      <PlotArea
        sources={[source]}
        range={range}
        still
        nowUs={nowUs}
        height={height}
        place={place}
        view={view}
        retry={retry}
        momentWords={relativeWords}
      />
      <Legend {...props} view={view} drawn={isWhole ? shown.drawn : []} />
      {isWhole && (
        <>
          <NumbersTable sources={sources} shown={shown} />
          <WindowTable {...props} drawn={shown.drawn} />
        </>
      )}
    </div>
  );
}

/** Which pen is of which time, and what it says under the cursor; without one at the beginning. */
function Legend(
  props: WindowChartProps & {
    readonly view: ReturnType<typeof useChart>["view"];
    readonly drawn: readonly Drawn[];
  },
): JSX.Element {
  const { source, windows, lengthUs, drawn } = props;
  const { tag } = source;
  const as = drawnAs(tag);
  const seconds = useComputed(() => props.view.value?.cursor.value).value;
  return (
    <>
      <p class="range-words">
        <span>
          {seconds === undefined
            ? sayWindow("read.begin")
            : sayWindow("read.at", { time: relativeWords(seconds * 1e6) })}
        </span>
      </p>
      <ul class="pens" aria-label={sayWindow("legend")}>
        {windows.map((one, at) => {
          const value = valueAt(drawn[at] ?? { times: [], values: [] }, seconds ?? 0, as);
          const time = { fromUs: one.fromUs - lengthUs / 4, toUs: one.fromUs + lengthUs };
          return (
            <li key={one.fromUs} class="pen-line">
              <PenSample at={at} bands={as === "bands"} />
              <span class="pen-name">
                <a href={props.hrefOfTime({ ...time, live: false })}>{beginWords(one)}</a>
                <small>{lastedWords(one)}</small>
              </span>
              <span class="pen-value">
                {value === undefined ? sayWindow("no-value") : readWords(tag, value)}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Rows from the beginning on; a quarter of so many stands before. */
const rowsAfter = 20;

function WindowTable(props: WindowChartProps & { readonly drawn: readonly Drawn[] }): JSX.Element {
  const { source, windows, lengthUs, drawn } = props;
  const { tag } = source;
  const as = drawnAs(tag);
  const [listed, list] = useState(false);
  const stepS = lengthUs / 1e6 / rowsAfter;
  const offsets = Array.from(
    { length: (rowsAfter * 5) / 4 + 1 },
    (_, at) => (at - rowsAfter / 4) * stepS,
  );
  return (
    <>
      <div class="button-row">
        <Button
          label={sayWindow("table.show")}
          pressed={listed}
          onPress={() => list((now) => !now)}
        />
        <Button
          label={sayWindow("table.save")}
          onPress={() => saveCsv(`${tag.id}-events`, rowsOf(windows, drawn, tag.unit))}
        />
      </div>
      {listed && (
        <div
          class="table-well window-table"
          tabIndex={0}
          role="region"
          aria-label={sayWindow("table.show")}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{sayWindow("table.time")}</th>
                {windows.map((one) => (
                  <th key={one.fromUs} scope="col">
                    {beginWords(one)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {offsets.map((second) => (
                <tr key={second}>
                  <th scope="row">{relativeWords(second * 1e6)}</th>
                  {windows.map((one, at) => {
                    const value = valueAt(drawn[at] ?? { times: [], values: [] }, second, as);
                    return (
                      <td key={one.fromUs}>{value === undefined ? "" : readWords(tag, value)}</td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** Times in ISO 8601 UTC and full digits: a file is read by programs. */
function rowsOf(
  windows: readonly TimeWindow[],
  drawn: readonly Drawn[],
  unit: string,
): readonly (readonly (string | number)[])[] {
  return [
    ["begin", "seconds", "value", "unit"],
    ...windows.flatMap(({ fromUs }, at) => {
      const begin = new Date(fromUs / 1_000).toISOString();
      const { times, values } = drawn[at] ?? { times: [], values: [] };
      return times.map((second, row) => [begin, second, values[row] ?? "", unit]);
    }),
  ];
}
