/**
 * What the strip says of alarms, on every screen and at the same place: the worst, how many more, or that there is none, which
 * is not said before the gateway has told them.
 */
import {
  AlarmAnnouncer,
  AlarmSymbol,
  alarmWords,
  briefSinceWords,
  clockWords,
  durationWords,
  hrefOf,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import type { AlarmRow } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { sayAlarm, sayAlarmCount } from "./alarm-messages.ts";
import { valueWordsOf } from "./alarm-facts.ts";
import { alarmCounts, alarmRows, alarmsFailedMs } from "./alarms.ts";

export function AlarmStrip(props: { readonly store: LiveStore }): JSX.Element {
  const rows = alarmRows.value;
  const counts = alarmCounts.value;
  const active = (rows ?? []).filter(isOpenAlarm);
  const [worst] = active;
  const failedMs = alarmsFailedMs.value;
  if (worst === undefined) {
    return (
      <p class="alarm-strip-none">
        {failedMs !== undefined
          ? sayAlarm("strip.failed", { time: clockWords(failedMs * 1_000) })
          : sayAlarm(rows === undefined ? "strip.asking" : "strip.none")}
      </p>
    );
  }
  const nowUs = props.store.secondUs.value;
  const flood = counts?.flood;
  const value = valueWordsOf(worst);
  return (
    <div class="alarm-strip">
      <AlarmSymbol priority={worst.priority} state={worst.state} />
      <p class="alarm-strip-words">
        <strong>{alarmWords(worst, nowUs)}</strong> {worst.message}
        {value !== "" && <span class="alarm-strip-value">{value}</span>}
        <span class="alarm-strip-since">
          {sayAlarm("strip.since", { time: briefSinceWords(worst.raisedUs, nowUs) })}
        </span>
      </p>
      <p class="alarm-strip-more">
        {flood !== undefined ? (
          <strong>{floodWords(flood, nowUs)}</strong>
        ) : active.length > 1 ? (
          sayAlarm("strip.more", { count: String(active.length - 1) })
        ) : null}
      </p>
      <a class="button" href={hrefOf("alarms")}>
        {sayAlarm("strip.open")}
      </a>
    </div>
  );
}

export function floodWords(
  flood: { readonly sinceUs: number; readonly count: number },
  nowUs: number,
): string {
  const time = durationWords(Math.max(0, nowUs - flood.sinceUs) / 1_000);
  return sayAlarmCount("strip.flood", flood.count, { time });
}

/** Active, or gone and not acknowledged: a person is wanted. */
export function isOpenAlarm({ state }: Pick<AlarmRow, "state">): boolean {
  return state === "unacknowledged" || state === "acknowledged" || state === "returned";
}

/** Counts of active alarms by priority, beside the word of the navigation. */
export function AlarmBadges(): JSX.Element {
  const active = alarmCounts.value?.active ?? [0, 0, 0];
  return (
    <span class="alarm-badges">
      {([1, 2, 3] as const).map((priority) => {
        const count = active[priority - 1] ?? 0;
        if (count === 0) return null;
        return (
          <span
            key={priority}
            class="alarm-badge"
            title={sayAlarm("nav.count", { count: String(count), priority: String(priority) })}
          >
            <AlarmSymbol priority={priority} state="acknowledged" size={24} />
            {count}
          </span>
        );
      })}
    </span>
  );
}

/** For screen readers: new urgent and high alarms, in one polite message at a time. */
export function AlarmAnnouncements(props: { readonly clock: PageClock }): JSX.Element {
  const announcer = useRef(new AlarmAnnouncer());
  const [words, setWords] = useState("");
  const rows = alarmRows.value;
  useEffect(() => {
    if (rows !== undefined) announcer.current.see(rows);
  }, [rows]);
  useEffect(() => {
    const timer = setInterval(() => {
      const message = announcer.current.takeMessage(props.clock.monotonicMs());
      if (message === undefined) return;
      const { urgent, high } = message;
      setWords(
        [
          ...(urgent > 0 ? [sayAlarmCount("announce.urgent", urgent)] : []),
          ...(high > 0 ? [sayAlarmCount("announce.high", high)] : []),
        ].join(", "),
      );
    }, lookEveryMs);
    return () => clearInterval(timer);
  }, [props.clock]);
  return (
    <p class="hidden-text alarm-announcements" role="status" aria-live="polite">
      {words === "" ? null : words}
    </p>
  );
}

const lookEveryMs = 250;
