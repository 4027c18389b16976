/** The word beside the symbol of an alarm, and what else is said of it in few words (ux-guide 4). */
import type { AlarmRow, AlarmState } from "@millwright/wire-contract/events";

import { durationWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";

export function alarmStateWord(state: AlarmState): string {
  return sayKit(`alarm.state.${state}`);
}

/** With what belongs to the state: how long it is shelved, what suppresses it, who took it out of service. */
export function alarmWords(
  row: Pick<AlarmRow, "state" | "untilUs" | "untilClear" | "person" | "reason">,
  nowUs: number,
): string {
  const word = alarmStateWord(row.state);
  if (row.state === "shelved") {
    const left = durationWords(Math.max(0, (row.untilUs ?? nowUs) - nowUs) / 1_000);
    const text = row.untilClear === true ? "alarm.shelved-until-clear" : "alarm.shelved-left";
    return sayKit(text, { word, left });
  }
  const more = row.reason ?? "";
  if (row.state === "suppressed") return more === "" ? word : `${word}: ${more}`;
  if (row.state !== "out-of-service") return word;
  return [word, row.person ?? "", more].filter((part) => part !== "").join(", ");
}
