/** All about one alarm: what to do first, what happens otherwise, and what a person may do to it. */
import {
  AlarmSymbol,
  alarmWords,
  Button,
  durationWords,
  fullTimeWords,
  hrefOf,
  loadJson,
  sinceWords,
  useResource,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { AlarmRow } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { AlarmActions, type SendAct } from "./alarm-actions.tsx";
import { flagWordsOf, storyWords, valueWordsOf } from "./alarm-facts.ts";
import type { AlarmHistoryAnswer, AlarmStory } from "../page-answers.ts";
import { sayAlarm } from "./alarm-messages.ts";
import { Facts, type Fact } from "./facts.tsx";
import { act, mayAct } from "./people.ts";

const beforeUs = 600_000_000;
const shownMax = 10;

export function AlarmDetails(props: {
  readonly store: LiveStore;
  readonly clock: PageClock;
  readonly row: AlarmRow;
  readonly onClose: () => void;
  readonly onAct: SendAct;
}): JSX.Element {
  const { store, row } = props;
  const words = useComputed(() => alarmWords(row, store.secondUs.value)).value;
  const value = valueWordsOf(row);
  const facts: readonly Fact[] = [
    ...(row.raisedUs === 0
      ? []
      : [[sayAlarm("details.raised"), fullTimeWords(row.raisedUs)] as const]),
    ...(row.machineUs === undefined || row.raisedUs === 0
      ? []
      : [[sayAlarm("details.machine-time"), fullTimeWords(row.machineUs)] as const]),
    ...(value === "" ? [] : [[sayAlarm("details.value"), value] as const]),
    ...(row.asset === "" ? [] : [[sayAlarm("details.asset"), row.asset] as const]),
    ...(row.group === "" ? [] : [[sayAlarm("details.group"), row.group] as const]),
    [sayAlarm("details.source"), sayAlarm(`details.source.${row.source ?? "gateway"}`)],
    [sayAlarm("details.id"), row.id],
  ];
  return (
    <section class="panel alarm-details" aria-label={sayAlarm("details.title")}>
      <div class="alarm-details-head">
        <AlarmSymbol priority={row.priority} state={row.state} />
        <h2>{row.message}</h2>
        <Button label={sayAlarm("details.close")} onPress={props.onClose} />
      </div>
      <p>
        <strong>{[words, ...flagWordsOf(row)].join(" · ")}</strong>
        {row.state === "acknowledged" && row.person !== undefined
          ? ` ${sayAlarm("row.by", { person: row.person })}`
          : ""}
      </p>
      <dl class="alarm-advice">
        <dt>{sayAlarm("details.first")}</dt>
        <dd>
          <strong>{row.action}</strong>{" "}
          {sayAlarm("details.respond", { time: durationWords(row.respondMin * 60_000) })}
        </dd>
        {row.consequence !== "" && (
          <>
            <dt>{sayAlarm("details.consequence")}</dt>
            <dd>{row.consequence}</dd>
          </>
        )}
        {row.causes.length > 0 && (
          <>
            <dt>{sayAlarm("details.causes")}</dt>
            <dd>{row.causes.join(", ")}</dd>
          </>
        )}
      </dl>
      <AlarmActions key={row.id} row={row} onAct={props.onAct} />
      <Facts facts={facts} />
      {row.tag !== undefined && row.raisedUs > 0 && (
        <a class="button" href={trendHref(row.tag, row.raisedUs, store.secondUs.peek())}>
          {sayAlarm("details.trend")}
        </a>
      )}
      <Story key={row.id} row={row} clock={props.clock} />
    </section>
  );
}

function trendHref(tag: string, raisedUs: number, nowUs: number): string {
  const from = Math.floor((raisedUs - beforeUs) / 1e6);
  const to = Math.ceil(Math.max(nowUs, raisedUs + beforeUs) / 1e6);
  return hrefOf("trends", `${from}-${to}`, tag);
}

/** What people wrote, and what became of it. */
function Story(props: { readonly row: AlarmRow; readonly clock: PageClock }): JSX.Element {
  const [written, setWritten] = useState(0);
  const { id, changedUs } = props.row;
  const loaded = useResource(
    `${id} ${changedUs} ${written}`,
    (signal) =>
      loadJson<AlarmHistoryAnswer>(`/api/alarms/history?alarm=${encodeURIComponent(id)}`, signal),
    () => props.clock.wallMs(),
  );
  const events = (loaded.value?.events ?? []).filter(({ alarm }) => alarm === id);
  const notes = events.filter(({ note }) => note !== undefined);
  const story = events.filter(({ note }) => note === undefined);
  const list = (shown: readonly AlarmStory[]): JSX.Element => (
    <ul class="alarm-story">
      {shown.slice(0, shownMax).map((event) => (
        <li key={event.number}>
          {sinceWords(event.atUs, props.clock.wallMs() * 1_000)} {storyWords(event)}
        </li>
      ))}
    </ul>
  );
  return (
    <>
      <h3>{sayAlarm("details.notes")}</h3>
      {list(notes)}
      {mayAct("technician") ? (
        <NoteForm alarm={id} onKept={() => setWritten((count) => count + 1)} />
      ) : (
        notes.length === 0 && <p>{sayAlarm("details.notes.none")}</p>
      )}
      <h3>{sayAlarm("details.history")}</h3>
      {loaded.value !== undefined && story.length === 0 && (
        <p>{sayAlarm("details.history.none")}</p>
      )}
      {list(story)}
    </>
  );
}

/** What was typed stays until the gateway has it. */
function NoteForm(props: { readonly alarm: string; readonly onKept: () => void }): JSX.Element {
  const { alarm, onKept } = props;
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  const send = async (): Promise<void> => {
    const acts = [{ act: "note", alarm, text }];
    const { ok, status, json, reason } = await act("/api/alarms/act", { acts });
    const [refused] = (json["refused"] ?? []) as readonly { readonly reason: string }[];
    if (ok && refused === undefined) {
      setText("");
      setSaid("");
      onKept();
    } else if (status === 0) setSaid(sayAlarm("details.note.unknown"));
    else setSaid(sayAlarm("act.refused", { reason: refused?.reason ?? reason }));
  };
  return (
    <form
      class="alarm-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="find">
        <span>{sayAlarm("details.note")}</span>
        <input
          type="text"
          maxLength={500}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <p class="alarm-lacking" role="status">
        {said}
      </p>
      <button class="button" type="submit">
        {sayAlarm("details.note.keep")}
      </button>
    </form>
  );
}
