/** In which order people see alarms, and which of a group came first. */
import type { AlarmPriority, AlarmState } from "@millwright/wire-contract/events";

export interface Ranked {
  readonly state: AlarmState;
  readonly priority: AlarmPriority;
  readonly raisedUs: number;
  readonly id: string;
}

const rankOf: Readonly<Record<AlarmState, number>> = {
  unacknowledged: 0,
  acknowledged: 1,
  returned: 2,
  latched: 3,
  shelved: 4,
  suppressed: 5,
  "out-of-service": 6,
  normal: 7,
};

/** Unacknowledged first, then priority, then the newest (ux-guide 5); what has returned stands below what is active. */
export function compareAlarms(a: Ranked, b: Ranked): number {
  return (
    rankOf[a.state] - rankOf[b.state] ||
    a.priority - b.priority ||
    b.raisedUs - a.raisedUs ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

/**
 * First-out: of the alarms of a group that are open, the one whose condition came first. What follows it is usually its
 * consequence.
 *
 * @param cameAs rises with each condition that comes on this gateway, so that two of one microsecond have an order, too
 */
export function firstOuts(
  open: Iterable<{ readonly id: string; readonly group: string; readonly cameAs: number }>,
): ReadonlySet<string> {
  const first = new Map<string, { readonly id: string; readonly cameAs: number }>();
  for (const alarm of open) {
    if (alarm.group === "") continue;
    const before = first.get(alarm.group);
    if (before === undefined || alarm.cameAs < before.cameAs) first.set(alarm.group, alarm);
  }
  return new Set([...first.values()].map(({ id }) => id));
}
