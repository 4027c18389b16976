/** What became of alarms, transition by transition: filtered on the gateway, saved as CSV in the browser. Works without the hub. */
import {
  AlarmSymbol,
  alarmStateWord,
  Button,
  EmptyState,
  FailedState,
  FindField,
  fullTimeWords,
  hrefOf,
  loadJson,
  saveFile,
  Skeleton,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { AlarmHistoryAnswer, AlarmStory } from "../page-answers.ts";
import { storyWords, valueWordsOf } from "./alarm-facts.ts";
import { sayAlarm } from "./alarm-messages.ts";

const spans = { "1h": 3_600, "24h": 86_400, "7d": 604_800, all: undefined } as const;
type Span = keyof typeof spans;
/** As many as stand in the page at once; the rest is a page away. */
const rowsMax = 50;
/** 50 pages of 200: ten thousand transitions in one file. */
const pagesMax = 50;

/** Of an address: whole seconds since 1970 UTC, from and to. */
const timeText = /^(\d{1,12})-(\d{1,12})$/;

export function AlarmHistory(props: {
  readonly clock: PageClock;
  /** Only of this one; all when it is not given. */
  readonly alarm?: string | undefined;
  /** Only of this time, `FROM-TO`. */
  readonly time?: string | undefined;
}): JSX.Element {
  const { alarm } = props;
  const time = timeText.exec(props.time ?? "");
  const [span, setSpan] = useState<Span>("24h");
  const [priority, setPriority] = useState(0);
  const [text, setText] = useState("");
  const [from, setFrom] = useState(0);
  const [openedMs] = useState(() => props.clock.wallMs());
  const seconds = spans[span];
  const query = [
    ...(alarm === undefined ? [] : [`alarm=${encodeURIComponent(alarm)}`]),
    ...(time === null ? [] : [`from=${time[1]}000000`, `to=${time[2]}000000`]),
    ...(seconds === undefined || time !== null
      ? []
      : [`from=${Math.floor(openedMs - seconds * 1_000)}000`]),
    ...(priority === 0 ? [] : [`priority=${priority}`]),
    ...(text === "" ? [] : [`text=${encodeURIComponent(text)}`]),
  ].join("&");
  const loaded = useResource(
    query,
    (signal) => loadPages(query, from + rowsMax, signal),
    () => props.clock.wallMs(),
  );
  const events = loaded.value ?? [];
  const shown = events.slice(from, from + rowsMax);
  const choose = (change: () => void): (() => void) => {
    return () => {
      setFrom(0);
      change();
    };
  };
  return (
    <div class="alarm-history">
      <div class="alarm-filter">
        {alarm !== undefined && (
          <a class="button" href={hrefOf("alarms", "history")}>
            {sayAlarm("history.of-all")}
          </a>
        )}
        {time === null && (
          <div class="button-row" role="group" aria-label={sayAlarm("history.time")}>
            {(Object.keys(spans) as Span[]).map((one) => (
              <Button
                key={one}
                label={sayAlarm(`history.${one}`)}
                pressed={one === span}
                onPress={choose(() => setSpan(one))}
              />
            ))}
          </div>
        )}
        <label class="choice-of-few">
          {sayAlarm("history.priority")}
          <select
            value={String(priority)}
            onChange={(event) => {
              const chosen = Number(event.currentTarget.value);
              choose(() => setPriority(chosen))();
            }}
          >
            <option value="0">{sayAlarm("history.any")}</option>
            <option value="1">1</option>
            <option value="2">2</option>
            <option value="3">3</option>
          </select>
        </label>
        <FindField
          label={sayAlarm("history.find")}
          text={text}
          onText={(typed) => choose(() => setText(typed))()}
        />
      </div>
      {loaded.failedMs !== undefined ? (
        <FailedState
          what={sayAlarm("history.failed")}
          sinceMs={loaded.failedMs}
          onRetry={loaded.retry}
        />
      ) : loaded.value === undefined ? (
        <Skeleton height="12rem" />
      ) : shown.length === 0 ? (
        <EmptyState title={sayAlarm("history.none")} />
      ) : (
        <ul class="alarm-story alarm-story-long">
          {shown.map((event) => (
            <li key={event.number}>
              <AlarmSymbol priority={event.priority} state={event.state} size={28} />
              <span>{fullTimeWords(event.atUs)}</span>
              <span>
                <strong>{event.message}</strong>{" "}
                {[event.asset, valueWordsOf(event)].filter((part) => part !== "").join(", ")}
              </span>
              <span>{storyWords(event)}</span>
            </li>
          ))}
        </ul>
      )}
      <div class="button-row">
        {from > 0 && (
          <Button
            label={sayAlarm("history.newer")}
            onPress={() => setFrom(Math.max(0, from - rowsMax))}
          />
        )}
        {events.length > from + rowsMax && (
          <Button label={sayAlarm("history.older")} onPress={() => setFrom(from + rowsMax)} />
        )}
        <Button label={sayAlarm("history.csv")} onPress={() => void saveCsv(query)} />
      </div>
    </div>
  );
}

async function loadPages(
  query: string,
  wanted: number,
  signal: AbortSignal,
): Promise<readonly AlarmStory[]> {
  const events: AlarmStory[] = [];
  let before: number | undefined;
  for (let page = 0; page < pagesMax && events.length <= wanted; page++) {
    const more = before === undefined ? "" : `&before=${before}`;
    const answer = await loadJson<AlarmHistoryAnswer>(
      `/api/alarms/history?${query}${more}`,
      signal,
    );
    events.push(...answer.events);
    before = answer.before;
    if (before === undefined) break;
  }
  return events;
}

async function saveCsv(query: string): Promise<void> {
  const never = new AbortController();
  const events = await loadPages(query, Infinity, never.signal);
  saveFile("alarms.csv", toCsv(events), "text/csv");
}

const columns = [
  "number",
  "time",
  "alarm",
  "asset",
  "priority",
  "message",
  "transition",
  "state",
  "value",
  "limit",
  "unit",
  "person",
  "reason",
  "note",
  "author",
] as const;

/** UTF-8 with a mark, so that a spreadsheet reads it as it is (field practice 62). */
function toCsv(events: readonly AlarmStory[]): string {
  const rows = events.map((event) =>
    columns
      .map((column) => {
        if (column === "time") return new Date(event.atUs / 1_000).toISOString();
        if (column === "state") return alarmStateWord(event.state);
        if (column === "note") return quoted(event.note?.text ?? "");
        if (column === "author") return quoted(event.note?.author ?? "");
        return quoted(String(event[column] ?? ""));
      })
      .join(","),
  );
  return `\uFEFF${[columns.join(","), ...rows].join("\r\n")}\r\n`;
}

/** A text that begins as a formula is none: spreadsheets would reckon it. */
function quoted(text: string): string {
  const safe = /^[=+@-]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
