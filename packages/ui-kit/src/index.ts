/** Tokens and parts of both web applications. Runs in a browser; `./build` is for their Vite configuration. */
export { hrefOf } from "./address.ts";
export { AdviceSymbol } from "./alarms/advice-symbol.tsx";
export { AlarmSymbol } from "./alarms/alarm-symbol.tsx";
export { alarmStateWord, alarmWords } from "./alarms/alarm-words.ts";
export { AlarmAnnouncer } from "./alarms/announce.ts";
export { listedOf, type ListedAlarm } from "./alarms/flood-groups.ts";
export { nextOrder } from "./alarms/held-order.ts";
export { Captures } from "./captures/captures.tsx";
export { RepairList } from "./charts/repair-list.tsx";
export { Sparkline } from "./charts/sparkline.tsx";
export { TrendChart } from "./charts/trend-chart.tsx";
export { viewValue, type ValueState, type ValueView } from "./live/freshness.ts";
export { LiveStore, liveAddress } from "./live/live-store.ts";
export { LiveStream, stampOf, type EventDoor } from "./live/live-stream.ts";
export type { LinkView } from "./live/link-view.ts";
export { GatewayTime, type PageClock } from "./live/page-clock.ts";
export { noteOf, rangeWords } from "./live/view-words.ts";
export {
  addressNow,
  browserClock,
  keepAlive,
  openEvents,
  route,
  startLiveStore,
  startRoute,
  startTheme,
} from "./page.ts";
export { Button } from "./parts/button.tsx";
export { DeviceList } from "./parts/device-list.tsx";
export { FindField } from "./parts/find-field.tsx";
export { Indicator } from "./parts/indicator.tsx";
export { lazyScreen, type Screen } from "./parts/lazy-screen.tsx";
export { HubStatus, hubWordsNow, LinkStatus, LostNotice } from "./parts/link-status.tsx";
export { EmptyState, FailedState, Skeleton } from "./parts/states.tsx";
export { ThemeChoice } from "./parts/theme-choice.tsx";
export { loadJson, useResource, type Resource } from "./parts/use-resource.ts";
export { saveFile } from "./save-file.ts";
export {
  ageWords,
  briefSinceWords,
  clockWords,
  durationWords,
  fullTimeWords,
  intervalWords,
  momentWords,
  sinceWords,
} from "./words/durations.ts";
export { amountScale, quantityWords, shownDecimals } from "./words/amounts.ts";
export { countWords, roughCountWords, numberWords, valueWords } from "./words/numbers.ts";
export { english } from "./words/language.ts";
export { createVoice, type Say, type SayCount, type Voice } from "./words/say.ts";
export { protocolWords } from "./words/protocols.ts";
export { unitWords } from "./words/units.ts";
export { Conditions, type ConditionLine } from "./write/conditions.tsx";
export { boundsWords, WriteFlow } from "./write/write-flow.tsx";
export type { EntryBounds, WriteAnswer, WriteOrder, WriteValue } from "./write/write-steps.ts";
