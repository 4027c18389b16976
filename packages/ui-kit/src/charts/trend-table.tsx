/** What stands beside a chart for those who cannot see it, or need it elsewhere: gaps in words, a table, a file. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryGap } from "@millwright/wire-contract/history";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { clockWords } from "../words/durations.ts";
import { sayKit, sayKitCount } from "../words/english.ts";
import { countWords, numberWords } from "../words/numbers.ts";
import type { Trace } from "./trace.ts";

/** More would push the page away; the count says how many there are. */
const gapsShown = 5;
const rowsShown = 100;

export function GapList(props: { readonly gaps: readonly HistoryGap[] }): JSX.Element | null {
  if (props.gaps.length === 0) return null;
  const shown = props.gaps.slice(-gapsShown);
  return (
    <section class="gap-list">
      <h3>{sayKitCount("chart.gaps", props.gaps.length)}</h3>
      <ul>
        {shown.map((gap) => (
          <li key={`${gap.fromUs} ${gap.reason}`}>{gapWords(gap)}</li>
        ))}
      </ul>
      {props.gaps.length > shown.length && (
        <p>{sayKitCount("chart.gaps-more", props.gaps.length - shown.length)}</p>
      )}
    </section>
  );
}

function gapWords(gap: HistoryGap): string {
  const words = {
    from: clockWords(gap.fromUs),
    to: clockWords(gap.toUs),
    reason: gap.reason,
  };
  const { count } = gap;
  return count.kind === "unknown"
    ? sayKit("chart.gap", words)
    : sayKit("chart.gap-counted", { ...words, samples: countWords(count.samples) });
}

export function TrendTable(props: { readonly tag: LiveTag; readonly trace: Trace }): JSX.Element {
  const { tag, trace } = props;
  const [shown, setShown] = useState(false);
  const from = Math.max(0, trace.times.length - rowsShown);
  return (
    <>
      <div class="button-row">
        <Button
          label={sayKit("chart.table")}
          pressed={shown}
          onPress={() => setShown((now) => !now)}
        />
        <Button label={sayKit("chart.csv")} onPress={() => saveCsv(tag, trace)} />
      </div>
      {shown && (
        <div class="table-well" tabIndex={0} role="region" aria-label={tag.name}>
          <table>
            <caption>
              {sayKit("chart.table-cut", {
                shown: countWords(trace.times.length - from),
                count: countWords(trace.times.length),
              })}
            </caption>
            <thead>
              <tr>
                <th scope="col">{sayKit("chart.table-time")}</th>
                <th scope="col">{sayKit("chart.table-value")}</th>
              </tr>
            </thead>
            <tbody>
              {trace.times
                .slice(from)
                .map((time, index) => (
                  <tr key={time}>
                    <td>{clockWords(time * 1e6)}</td>
                    <td>{cellWords(tag, trace.values[from + index] ?? null)}</td>
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

/** Times in ISO 8601 UTC and full digits: a file is read by programs (RFC 4180). */
function saveCsv(tag: LiveTag, trace: Trace): void {
  const lines = trace.times.map(
    (time, index) => `${new Date(time * 1_000).toISOString()},${trace.values[index] ?? ""}`,
  );
  const text = ["time,value", ...lines, ""].join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = `${tag.id.replace(/[^A-Za-z0-9_-]+/g, "_")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
