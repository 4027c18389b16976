/** The alarms of this gateway as the page has them: asked for when there is news, one question at a time. */
import { compareAlarms } from "@millwright/alarms";
import { loadJson, type LiveStore, type PageClock } from "@millwright/ui-kit";
import { effect, signal, type Signal } from "@preact/signals";
import type { AlarmCounts, AlarmRow } from "@millwright/wire-contract/events";

import type { AlarmsAnswer } from "../page-answers.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** All that are not normal, those first that need a person most. Undefined until the gateway has answered first. */
export const alarmRows: Signal<readonly AlarmRow[] | undefined> = signal(undefined);
export const alarmCounts: Signal<AlarmCounts | undefined> = signal(undefined);
/** What a shelf to the end of the shift is reckoned from; undefined where the settings have no shifts. */
export const shift: Signal<{ readonly nowUs: number; readonly endUs: number } | undefined> =
  signal(undefined);
/** Since when the gateway has not told them, ms; undefined when it has. */
export const alarmsFailedMs: Signal<number | undefined> = signal(undefined);

/** How many came in ten minutes changes without news. */
const countEveryMs = 10_000;
const giveUpAfterMs = 10_000;
/** Between two questions during a storm: sooner would only keep the panel from painting what it has. */
const restMs = 150;

const known = new Map<string, AlarmRow>();
let revision = 0;
let startedAnew = true;

/** Follows the live stream of the page for as long as it is open. */
export function startAlarms(store: LiveStore, clock: PageClock): void {
  effect(() => {
    // A stream that came back may be that of another run of the gateway: everything is asked for.
    if (store.snapshots.value > 0) {
      startedAnew = true;
      void ask(clock);
    }
  });
  effect(() => {
    if ((store.news.value["alarms"] ?? 0) > 0) void ask(clock);
  });
  setInterval(() => {
    if (document.visibilityState === "visible") void ask(clock);
  }, countEveryMs);
}

/** After an act: what it changed is there now. */
export function refreshAlarms(clock: PageClock): void {
  void ask(clock);
}

const ask = oneAtATime(
  async (given, clock: PageClock) => {
    const anew = startedAnew;
    startedAnew = false;
    try {
      const since = anew ? 0 : revision;
      take(await loadJson<AlarmsAnswer>(`/api/alarms?since=${since}`, given), anew);
      alarmsFailedMs.value = undefined;
    } catch {
      // What was missed is not known: next time everything is asked for.
      startedAnew = true;
      alarmsFailedMs.value ??= clock.wallMs();
    }
  },
  giveUpAfterMs,
  restMs,
);

function take(answer: AlarmsAnswer, anew: boolean): void {
  if (anew) known.clear();
  for (const row of answer.rows) {
    if (row.state === "normal") known.delete(row.id);
    else known.set(row.id, row);
  }
  revision = answer.revision;
  if (anew || answer.rows.length > 0) alarmRows.value = [...known.values()].sort(compareAlarms);
  alarmCounts.value = answer.counts;
  const { nowUs, shiftEndUs: endUs } = answer;
  // A gateway that was started with settings without shifts says none: what was known of the ones before holds no more.
  shift.value = endUs === undefined ? undefined : { nowUs, endUs };
}
