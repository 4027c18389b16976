/** Short words about one alarm that several places show. */
import { numberWords, unitWords } from "@millwright/ui-kit";
import type { AlarmEvent, AlarmRow } from "@millwright/wire-contract/events";

import { sayAlarm } from "./alarm-messages.ts";

/** `96.4 °C, limit 90 °C`; "" where the alarm has no value. */
export function valueWordsOf(row: Pick<AlarmRow, "value" | "limit" | "unit">): string {
  const { value, limit, unit = "" } = row;
  if (value === undefined) return "";
  const words = { value: digits(value), unit: unitWords(unit) };
  const said =
    limit === undefined
      ? sayAlarm("row.value-alone", words)
      : sayAlarm("row.value", { ...words, limit: digits(limit) });
  return said.replace(/ +(,|$)/g, "$1");
}

/** Four digits that count: a limit of 90 and a value of 96.4173 stand beside each other. */
function digits(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 1_000 ? 0 : size >= 10 ? 1 : 2;
  return numberWords(value, Number.isInteger(value) ? 0 : decimals);
}

/** ` by Ada Novak at the hub`; "" where no person did it. */
export function whoWords({ person, asked }: Pick<AlarmEvent, "person" | "asked">): string {
  if (person === undefined) return "";
  return ` ${sayAlarm(asked === undefined ? "row.by" : "row.by.hub", { person })}`;
}

/** `shelved by Ada Novak: being mended`, or what somebody wrote. */
export function storyWords(
  event: Pick<AlarmEvent, "transition" | "person" | "asked" | "reason" | "note">,
): string {
  const { transition, note, reason } = event;
  const [who, why] = note === undefined ? [event, reason] : [{ person: note.author }, note.text];
  const said = `${sayAlarm(`transition.${transition}`)}${whoWords(who)}`;
  return why === undefined ? said : `${said}: ${why}`;
}

/** What is odd about it: first-out, the machine's own, chattering, standing, held. */
export function flagWordsOf(row: AlarmRow): readonly string[] {
  return [
    ...(row.firstOut ? [sayAlarm("row.first-out")] : []),
    ...(row.source === "machine" ? [sayAlarm("row.of-machine")] : []),
    ...(row.chatter > 0 ? [sayAlarm("row.chatter", { count: String(row.chatter) })] : []),
    ...(row.standing ? [sayAlarm("row.standing")] : []),
    ...(row.held === undefined ? [] : [sayAlarm("row.held", { why: row.held })]),
  ];
}
