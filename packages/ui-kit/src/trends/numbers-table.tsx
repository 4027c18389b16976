/** What the lines of the time shown say in numbers, from what they are drawn, and how exact they are. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";
import type { JSX } from "preact";

import { readWords } from "../charts/trend-chart.tsx";
import { summaryOf } from "../live/history.ts";
import { momentWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import type { Shown } from "./chart-view.ts";
import { drawnAs } from "./drawn.ts";
import { spanOf } from "./trend-range.ts";
import type { TrendSource } from "./trend-source.ts";

export function NumbersTable(props: {
  readonly sources: readonly TrendSource[];
  readonly shown: Shown;
}): JSX.Element {
  const { sources, shown } = props;
  const span = spanOf(shown.range);
  return (
    <div
      class="table-well numbers"
      tabIndex={0}
      role="region"
      aria-label={sayKit("trends.numbers")}
    >
      <table>
        <caption>{sayKit("trends.numbers")}</caption>
        <thead>
          <tr>
            {(["tag", "min", "mean", "max", "from", "error"] as const).map((name) => (
              <th key={name} scope="col">
                {sayKit(`trends.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sources.map(({ key, tag, place }, at) => {
            const line = shown.lines[at];
            const [min, mean, max] = numbersOf(tag, shown.drawn[at]?.values ?? []);
            return (
              <tr key={key}>
                <th scope="row">{place === "" ? tag.name : `${tag.name}, ${place}`}</th>
                <td>{min}</td>
                <td>{mean}</td>
                <td>{max}</td>
                <td>{line === undefined ? "" : fromWords(line, span)}</td>
                <td>{line === undefined ? "" : errorWords(tag, line)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Lowest, mean and highest; of a state the first cell says which there were. */
function numbersOf(
  tag: LiveTag,
  values: readonly (number | null)[],
): readonly [string, string, string] {
  const found = summaryOf(values);
  if (found === undefined) return [sayKit("trends.nothing"), "", ""];
  if (drawnAs(tag) === "bands") {
    const seen = new Set(values.flatMap((value) => (value === null ? [] : [value])));
    return [[...seen].map((state) => readWords(tag, state)).join(", "), "", ""];
  }
  return [readWords(tag, found.min), readWords(tag, found.mean), readWords(tag, found.max)];
}

/** `samples`, or `samples, minutes only from 12 Nov 00:00 to 14 Nov 09:00`. */
function fromWords({ tier, coarser }: HistoryLine, span: number): string {
  const parts = coarser.map((part) =>
    sayKit("trends.coarser", {
      tier: sayKit(`trends.tier.${part.tier}`),
      from: momentWords(part.fromUs, span),
      to: momentWords(part.toUs, span),
    }),
  );
  return [sayKit(`trends.tier.${tier}`), ...parts].join(", ");
}

/** Of a rate the bound of the count says nothing. */
function errorWords(tag: LiveTag, { error }: HistoryLine): string {
  if (error === 0) return sayKit("trends.exact");
  if (drawnAs(tag) !== "line") return "";
  const decimals = Math.max(tag.decimals, Math.ceil(-Math.log10(error)));
  return sayKit("trends.within", { error: readWords({ ...tag, decimals }, error) });
}
