/** Events and alarms for tests, as a gateway tells them. */
import { eventKinds, type EventKind, type EventLine } from "@millwright/wire-contract/events";

/** The event of number n happened n seconds after this, µs. */
export const beganUs = 1_800_000_000_000_000;

export function testEvent(
  number: number,
  subject: string,
  kind: EventKind = "command",
  body: Readonly<Record<string, unknown>> = { outcome: "confirmed" },
): EventLine {
  return {
    number,
    kind: eventKinds[kind],
    atUs: beganUs + number * 1e6,
    asset: "Pump 1",
    subject,
    json: JSON.stringify(body),
  };
}

export function testAlarm(
  number: number,
  alarm: string,
  state: string,
  change: Partial<EventLine> = {},
): EventLine {
  const transition = state === "normal" ? "returned" : "raised";
  const message = `${alarm} is high`;
  const body = { transition, state, priority: 2, message, raisedUs: beganUs };
  return { ...testEvent(number, alarm, "alarm", body), ...change };
}
