/** Charts of several tags. Apart from the front door, because a first screen does not wait for them. */
export { laidOver, parseTimeText, toTimeText, type Earlier, type TimeText } from "./earlier.ts";
export { BriefTrend } from "./brief-trend.tsx";
export { classWords, loadMarks, type ChartMark, type ChartMarks } from "./marks.ts";
export { ChartPanel, PlotArea, useMarkedChart, type MarkedChart } from "./chart-panel.tsx";
export type { OwnLines } from "./chart-view.ts";
export { MarkList } from "./mark-strip.tsx";
export { PenSample } from "./pen-sample.tsx";
export { RangeButtons, type Span } from "./range-buttons.tsx";
export { drawnAs, valueAt, type Drawn } from "./drawn.ts";
export { Trends, type TrendsProps } from "./trends.tsx";
export type { RepairListProps } from "../charts/repair-list.tsx";
export { useAddressRange } from "./use-address-range.ts";
export { sourcesMax, type TrendSource } from "./trend-source.ts";
export { toggled } from "./toggled.ts";
export { atNow, parseRange, rangeText, spanOf, type TrendRange } from "./trend-range.ts";
export { GapList } from "../charts/trend-table.tsx";
export { saveCsv } from "../charts/save-csv.ts";
export { NumbersTable } from "./numbers-table.tsx";
export { useChart } from "./use-chart.ts";
export {
  windowsBeyond,
  windowsMax,
  windowsOfMarks,
  type TimeWindow,
  type WindowRule,
} from "./windows.ts";
export { readWords } from "../charts/trend-chart.tsx";
export { loadHistory } from "../live/history.ts";
export { relativeWords } from "../words/durations.ts";
