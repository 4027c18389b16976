/** Which time a chart shows, by buttons: its length, steps to both sides, closer and wider, and the present. */
import { useComputed, type Signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";

import { Button } from "../parts/button.tsx";
import { sayKit } from "../words/english.ts";
import { panShare, zoomFactor } from "./gestures.ts";
import { atNow, panned, parseRange, rangeText, spanOf, zoomed } from "./trend-range.ts";
import type { TrendRange } from "./trend-range.ts";

export type Span = "15min" | "1h" | "8h" | "24h" | "7d" | "30d" | "1y" | "5y";

export interface RangeButtonsProps {
  readonly range: Signal<TrendRange>;
  readonly spans: readonly Span[];
  /** The clock of what is recorded. */
  readonly nowUs: () => number;
  /** Between the lengths and the steps. */
  readonly children?: ComponentChildren;
}

export function RangeButtons(props: RangeButtonsProps): JSX.Element {
  const { range, nowUs, spans: offered } = props;
  const chosen = useComputed(() => (range.value.live ? rangeText(range.value) : "")).value;
  const live = useComputed(() => range.value.live).value;
  const change = (by: (range: TrendRange, nowUs: number) => TrendRange): void => {
    range.value = by(atNow(range.peek(), nowUs()), nowUs());
  };
  return (
    <div class="range-buttons">
      <div class="button-row" role="group" aria-label={sayKit("trends.spans")}>
        {offered.map((span) => (
          <Button
            key={span}
            label={sayKit(`trends.span.${span}`)}
            pressed={chosen === span}
            onPress={() => change((now, us) => parseRange(span, us) ?? now)}
          />
        ))}
      </div>
      {props.children}
      <div class="button-row">
        <Button
          label={sayKit("trends.earlier")}
          onPress={() => change((now, us) => panned(now, -panShare, us))}
        />
        <Button
          label={sayKit("trends.later")}
          onPress={() => change((now, us) => panned(now, panShare, us))}
        />
        <Button
          label={sayKit("trends.closer")}
          onPress={() => change((now, us) => zoomed(now, zoomFactor, 0.5, us))}
        />
        <Button
          label={sayKit("trends.wider")}
          onPress={() => change((now, us) => zoomed(now, 1 / zoomFactor, 0.5, us))}
        />
        <Button
          label={sayKit("trends.live")}
          pressed={live}
          onPress={() => change((now, us) => ({ fromUs: us - spanOf(now), toUs: us, live: true }))}
        />
      </div>
    </div>
  );
}
