/** Charts of several tags. Apart from the front door, because a first screen does not wait for them. */
export { parseTimeText, toTimeText, type Earlier, type TimeText } from "./earlier.ts";
export { BriefTrend } from "./brief-trend.tsx";
export type { ChartMark } from "./marks.ts";
export { Trends, type Span } from "./trends.tsx";
export type { RepairListProps } from "../charts/repair-list.tsx";
export { useAddressRange } from "./use-address-range.ts";
export { sourcesMax, type TrendSource } from "./trend-source.ts";
export { toggled } from "./toggled.ts";
export { atNow, type TrendRange } from "./trend-range.ts";
