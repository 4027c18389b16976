/**
 * The last hours of a few values on the screen of their machine (ux-guide 8, H2): the chart of the trends with its marks and
 * pens, and nothing to move it with, because the whole one is a tap away. Whatever comes, it keeps its size.
 */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { sayKitCount } from "../words/english.ts";
import { ChartPanel, useMarkedChart, type ChartPanelProps } from "./chart-panel.tsx";
import { MarkList } from "./mark-strip.tsx";
import type { TrendRange } from "./trend-range.ts";

export function BriefTrend(
  props: Pick<ChartPanelProps, "sources" | "nowUs" | "wallMs" | "height" | "hrefOfMark"> & {
    readonly spanUs: number;
  },
): JSX.Element {
  const range = useSignal<TrendRange>({ fromUs: -props.spanUs, toUs: 0, live: true });
  const front = useSignal(0);
  const own = { ...props, all: props.sources, range, front, still: true };
  const chart = useMarkedChart(own);
  const [listed, list] = useState(false);
  const count = chart.marks.known?.found.marks.length ?? 0;
  return (
    <>
      <ChartPanel {...own} chart={chart}>
        {count > 0 && (
          <Button
            label={sayKitCount("marks.all", count)}
            pressed={listed}
            onPress={() => list((now) => !now)}
          />
        )}
      </ChartPanel>
      {listed && <MarkList hrefOf={props.hrefOfMark} marks={chart.marks} whole />}
    </>
  );
}
