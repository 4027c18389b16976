/** How many alarms there are of each kind, for header, navigation and strip. */
import type { AlarmCounts, AlarmPriority, AlarmState } from "@millwright/wire-contract/events";

export type Counted = Pick<AlarmCounts, "lastTenMinutes" | "today" | "flood">;

export function countAlarms(
  alarms: Iterable<{ readonly state: AlarmState; readonly priority: AlarmPriority }>,
  counted: Counted,
): AlarmCounts {
  const active: [number, number, number] = [0, 0, 0];
  const unacknowledged: [number, number, number] = [0, 0, 0];
  let [returned, latched, shelved, suppressed, outOfService] = [0, 0, 0, 0, 0];
  for (const { state, priority } of alarms) {
    const of = (priority - 1) as 0 | 1 | 2;
    switch (state) {
      case "unacknowledged":
        active[of] += 1;
        unacknowledged[of] += 1;
        break;
      case "acknowledged":
        active[of] += 1;
        break;
      case "returned":
        returned += 1;
        unacknowledged[of] += 1;
        break;
      case "latched":
        latched += 1;
        break;
      case "shelved":
        shelved += 1;
        break;
      case "suppressed":
        suppressed += 1;
        break;
      case "out-of-service":
        outOfService += 1;
        break;
      case "normal":
        break;
    }
  }
  return {
    active,
    unacknowledged,
    returned,
    latched,
    shelved,
    suppressed,
    outOfService,
    ...counted,
  };
}

/** Start of the day, by the time zone of this gateway, µs. */
export function dayOf(nowUs: number): number {
  return new Date(nowUs / 1_000).setHours(0, 0, 0, 0) * 1_000;
}
