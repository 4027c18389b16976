/** What stands beside a chart for those who cannot see it, or need it elsewhere: gaps in words, a table, a file. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryGap } from "@millwright/wire-contract/history";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import type { Drawn } from "../trends/drawn.ts";
import { momentWords } from "../words/durations.ts";
import { sayKit, sayKitCount } from "../words/english.ts";
import { countWords, numberWords } from "../words/numbers.ts";
import { saveCsv } from "./save-csv.ts";

/** More would push the page away; the count says how many there are. */
const gapsShown = 5;
const rowsShown = 100;

export interface ToldGap {
  readonly gap: HistoryGap;
  /** Names of the tags it concerns; left out where a chart has only one. */
  readonly tags?: readonly string[];
}

/** @param spanUs of the chart: a gap of yesterday is told with its date */
export function GapList(props: {
  readonly gaps: readonly ToldGap[];
  readonly spanUs: number;
}): JSX.Element | null {
  if (props.gaps.length === 0) return null;
  const shown = props.gaps.slice(-gapsShown);
  return (
    <section class="gap-list">
      <h3>{sayKitCount("chart.gaps", props.gaps.length)}</h3>
      <ul>
        {shown.map(({ gap, tags }) => (
          <li key={`${gap.fromUs} ${gap.toUs} ${gap.reason}`}>
            {tags === undefined
              ? gapWords(gap, props.spanUs)
              : sayKitCount("trends.gap-of", tags.length, {
                  gap: gapWords(gap, props.spanUs),
                  tags: tags.join(", "),
                })}
          </li>
        ))}
      </ul>
      {props.gaps.length > shown.length && (
        <p>{sayKitCount("chart.gaps-more", props.gaps.length - shown.length)}</p>
      )}
    </section>
  );
}

export function gapWords(gap: HistoryGap, spanUs: number): string {
  const [from, to] = [momentWords(gap.fromUs, spanUs), momentWords(gap.toUs, spanUs)];
  // A sample that was lost has one time and no length.
  const time = from === to ? from : sayKit("chart.gap-time", { from, to });
  const { count, reason } = gap;
  return count.kind === "unknown"
    ? sayKit("chart.gap", { time, reason })
    : sayKitCount("chart.gap-counted", count.samples, { time, reason });
}

/** One drawn tag, as it is read. */
export interface DrawnTag {
  readonly tag: LiveTag;
  readonly drawn: Drawn;
}

/** @param one of which the table is; the file has all */
export function TrendTable(props: {
  readonly one: DrawnTag;
  readonly all: readonly DrawnTag[];
  readonly spanUs: number;
}): JSX.Element {
  const { tag, drawn } = props.one;
  const [shown, setShown] = useState(false);
  const { times, values } = drawn;
  const from = Math.max(0, times.length - rowsShown);
  const several = props.all.length > 1;
  return (
    <>
      <div class="button-row">
        <Button
          label={several ? sayKit("trends.table", { tag: tag.name }) : sayKit("chart.table")}
          pressed={shown}
          onPress={() => setShown((now) => !now)}
        />
        <Button
          label={sayKit(several ? "trends.csv" : "chart.csv")}
          onPress={() => saveAll(props.all)}
        />
      </div>
      {shown && (
        <div class="table-well" tabIndex={0} role="region" aria-label={tag.name}>
          <table>
            <caption>
              {sayKit("chart.table-cut", {
                shown: countWords(times.length - from),
                count: countWords(times.length),
              })}
            </caption>
            <thead>
              <tr>
                <th scope="col">{sayKit("chart.table-time")}</th>
                <th scope="col">{sayKit("chart.table-value")}</th>
              </tr>
            </thead>
            <tbody>
              {times
                .slice(from)
                .map((time, index) => (
                  <tr key={`${time} ${index}`}>
                    <td>{momentWords(time * 1e6, props.spanUs)}</td>
                    <td>{cellWords(tag, values[from + index] ?? null)}</td>
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function cellWords(tag: LiveTag, value: number | null): string {
  if (value === null) return sayKit("value.none");
  return tag.texts[String(value)] ?? numberWords(value, tag.decimals);
}

/** Times in ISO 8601 UTC and full digits: a file is read by programs. */
function saveAll(all: readonly DrawnTag[]): void {
  const names = all.map(({ tag }) => tag.id);
  saveCsv(names.length === 1 ? (names[0] ?? "") : "trends", [
    ["tag", "time", "value", "unit"],
    ...all.flatMap(({ tag, drawn }) =>
      drawn.times.map((time, index) => [
        tag.id,
        new Date(time * 1_000).toISOString(),
        drawn.values[index] ?? "",
        tag.unit,
      ]),
    ),
  ]);
}
