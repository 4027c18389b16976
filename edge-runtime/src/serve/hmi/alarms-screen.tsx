/** H3: what needs me now, what has changed, and what is being hidden? */
import {
  EmptyState,
  FailedState,
  FindField,
  hrefOf,
  loadJson,
  sinceWords,
  Skeleton,
  useResource,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import type { AlarmRow, AlarmState } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { AlarmHistoryAnswer } from "../page-answers.ts";
import type { AlarmActBody } from "./alarm-actions.tsx";
import { AlarmDetails } from "./alarm-details.tsx";
import { AlarmHistory } from "./alarm-history.tsx";
import { AlarmList } from "./alarm-list.tsx";
import { sayAlarm } from "./alarm-messages.ts";
import { floodWords } from "./alarm-strip.tsx";
import { alarmCounts, alarmRows, alarmsFailedMs, refreshAlarms } from "./alarms.ts";
import { act } from "./people.ts";

const tabs = {
  active: ["unacknowledged", "acknowledged"],
  returned: ["returned", "latched"],
  shelved: ["shelved"],
  suppressed: ["suppressed"],
  "out-of-service": ["out-of-service"],
} as const satisfies Readonly<Record<string, readonly AlarmState[]>>;
type Tab = keyof typeof tabs;
const tabNames = Object.keys(tabs) as Tab[];

export interface AlarmsScreenProps {
  readonly store: LiveStore;
  readonly clock: PageClock;
  /** Of the address: `alarms`, `alarms/returned`, `alarms/active/ALARM`, `alarms/history/ALARM/FROM-TO` (in seconds). */
  readonly place: readonly string[];
}

export function AlarmsScreen(props: AlarmsScreenProps): JSX.Element {
  const { store, clock } = props;
  const asked = props.place[1] ?? "active";
  const tab = tabNames.find((one) => one === asked) ?? "active";
  const [text, setText] = useState("");
  const named = props.place[2];
  const [chosen, setChosen] = useState(named);
  useEffect(() => {
    setChosen(named);
  }, [named]);
  const [sending, setSending] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState("");
  const all = alarmRows.value;
  const counts = alarmCounts.value;
  const failedMs = alarmsFailedMs.value;
  if (all === undefined) {
    if (failedMs === undefined) return <Skeleton height="24rem" />;
    return (
      <FailedState
        what={sayAlarm("failed")}
        sinceMs={failedMs}
        onRetry={() => refreshAlarms(clock)}
      />
    );
  }
  const states: readonly AlarmState[] = tabs[tab];
  const wanted = text.toLowerCase();
  const rows = all.filter(
    (row) =>
      states.includes(row.state) && `${row.message} ${row.asset}`.toLowerCase().includes(wanted),
  );
  const row = all.find(({ id }) => id === chosen);
  const flood = counts?.flood;

  /** Says at once that it is under way; what came of it, the gateway says. */
  const send = (alarms: readonly string[], bodies: readonly AlarmActBody[]): void => {
    setSending((old) => new Set([...old, ...alarms]));
    setRefused("");
    const acts = bodies.map((body, at) => ({ ...body, alarm: alarms[at] ?? "" }));
    void act("/api/alarms/act", { acts }).then(({ ok, status, json, reason }) => {
      setSending((old) => new Set([...old].filter((id) => !alarms.includes(id))));
      refreshAlarms(clock);
      if (status === 0) setRefused(sayAlarm("act.unknown"));
      else if (!ok) setRefused(sayAlarm("act.refused", { reason }));
      else {
        const [first] = (json["refused"] ?? []) as readonly { readonly reason: string }[];
        if (first !== undefined) setRefused(sayAlarm("act.refused", { reason: first.reason }));
      }
    });
  };
  const actOn = (some: readonly AlarmRow[]): void => {
    const latched = some.every(({ state }) => state === "latched");
    send(
      some.map(({ id }) => id),
      some.map(({ raisedUs }) => (latched ? { act: "reset" } : { act: "acknowledge", raisedUs })),
    );
  };

  return (
    <>
      <div class="screen-head">
        <h1>{sayAlarm("title")}</h1>
        <p class="alarm-recent" role="status" data-refused={refused !== ""}>
          {refused !== ""
            ? refused
            : flood === undefined || tab !== "active"
              ? sayAlarm("recent", {
                  recent: String(counts?.lastTenMinutes ?? 0),
                  today: String(counts?.today ?? 0),
                })
              : floodWords(flood, store.secondUs.value)}
        </p>
      </div>
      <div class="alarm-bar">
        <nav class="alarm-tabs" aria-label={sayAlarm("tabs")}>
          {tabNames.map((one) => {
            const held: readonly AlarmState[] = tabs[one];
            const count = all.filter(({ state }) => held.includes(state)).length;
            return (
              <a
                key={one}
                class="button"
                href={hrefOf("alarms", one)}
                aria-current={one === tab && asked !== "history" ? "page" : undefined}
              >
                {sayAlarm(`tab.${one}`, { count: String(count) })}
              </a>
            );
          })}
          <a
            class="button"
            href={hrefOf("alarms", "history")}
            aria-current={asked === "history" ? "page" : undefined}
          >
            {sayAlarm("tab.history")}
          </a>
        </nav>
        {asked !== "history" && <FindField label={sayAlarm("find")} text={text} onText={setText} />}
      </div>
      {asked === "history" ? (
        <AlarmHistory
          key={props.place.join("/")}
          clock={clock}
          alarm={props.place[2]}
          time={props.place[3]}
        />
      ) : (
        <div class="alarm-body" data-chosen={row !== undefined}>
          <div class="alarm-side">
            {rows.length === 0 && text === "" ? (
              <Nothing tab={tab} clock={clock} />
            ) : (
              <AlarmList
                key={`${tab} ${text}`}
                store={store}
                rows={rows}
                flood={flood !== undefined && tab === "active"}
                chosen={row?.id}
                sending={sending}
                onChoose={setChosen}
                onAct={actOn}
              />
            )}
          </div>
          {row !== undefined && (
            <AlarmDetails
              store={store}
              clock={clock}
              row={row}
              onClose={() => setChosen(undefined)}
              onAct={send}
            />
          )}
        </div>
      )}
    </>
  );
}

function Nothing(props: { readonly tab: Tab; readonly clock: PageClock }): JSX.Element {
  const last = useResource(
    "last alarm",
    (signal) => loadJson<AlarmHistoryAnswer>("/api/alarms/history", signal),
    () => props.clock.wallMs(),
  );
  const raised = last.value?.events.find(({ transition }) => transition === "raised");
  return (
    <EmptyState title={sayAlarm(`empty.${props.tab}`)}>
      {props.tab === "active" && raised !== undefined && (
        <p>
          {sayAlarm("empty.active.last", {
            time: sinceWords(raised.atUs, props.clock.wallMs() * 1_000),
            message: raised.message,
          })}
        </p>
      )}
    </EmptyState>
  );
}
