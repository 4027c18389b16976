/** Alarms that stand still: one in each state, as a page meets them. The real desk is in `alarm-rig.ts`. */
import {
  alarmStates,
  type AlarmCounts,
  type AlarmPriority,
  type AlarmRow,
  type AlarmState,
} from "@millwright/wire-contract/events";

const messages: Readonly<Record<Exclude<AlarmState, "normal">, string>> = {
  unacknowledged: "Bearing DE temperature high",
  acknowledged: "Vibration RMS high",
  returned: "Coolant flow low",
  latched: "Emergency stop released",
  shelved: "Filter differential pressure high",
  suppressed: "Discharge pressure low",
  "out-of-service": "Winding temperature sensor fault",
};

/** None in a healthy plant: a healthy page is grey. */
export function alarmsOf(
  condition: "healthy" | "trouble" | "empty",
  nowUs: number,
): readonly AlarmRow[] {
  if (condition !== "trouble") return [];
  return alarmStates.flatMap((state, index) =>
    state === "normal" ? [] : alarmRow(state, ((index % 3) + 1) as AlarmPriority, nowUs),
  );
}

export function alarmRow(state: AlarmState, priority: AlarmPriority, nowUs: number): AlarmRow {
  const message = state === "normal" ? "" : messages[state];
  const told = state !== "shelved" && state !== "suppressed" && state !== "out-of-service";
  return {
    ...{ id: `alarm/${state}/${priority}`, asset: "Pump 1", state, priority, message },
    ...{ class: "wear", group: "pump", changedUs: nowUs - 240e6, holds: state !== "returned" },
    raisedUs: told ? nowUs - 240e6 : 0,
    ...{ tag: "pump-1/0", value: 96.4, limit: 90, unit: "Cel" },
    action: "Check the lubricant level, then reduce the stroke rate to 20/min.",
    consequence: "The bearing seizes and the line stops.",
    causes: ["low oil", "misalignment"],
    ...{ respondMin: 10, latching: state === "latched", shelveHoursMax: 8 },
    ...(state === "shelved" ? { untilUs: nowUs + 6_120e6, person: "Ada Novak" } : {}),
    ...(state === "suppressed" ? { reason: "Pump 1 is off" } : {}),
    ...(state === "out-of-service" ? { person: "Ada Novak", reason: "WO-2231" } : {}),
    // What returned is the machine's own; the others the gateway has judged.
    ...(state === "returned" ? { source: "machine" as const, machineUs: nowUs - 241e6 } : {}),
    ...{ chatter: 0, standing: false, firstOut: state === "unacknowledged" },
  };
}

export function alarmCountsOf(rows: readonly AlarmRow[]): AlarmCounts {
  const of = (...states: readonly AlarmState[]): number =>
    rows.filter(({ state }) => states.includes(state)).length;
  const by = (...states: readonly AlarmState[]): readonly [number, number, number] => [
    rows.filter((row) => row.priority === 1 && states.includes(row.state)).length,
    rows.filter((row) => row.priority === 2 && states.includes(row.state)).length,
    rows.filter((row) => row.priority === 3 && states.includes(row.state)).length,
  ];
  return {
    active: by("unacknowledged", "acknowledged"),
    unacknowledged: by("unacknowledged", "returned"),
    ...{ returned: of("returned"), latched: of("latched"), shelved: of("shelved") },
    ...{ suppressed: of("suppressed"), outOfService: of("out-of-service") },
    ...{ lastTenMinutes: of("unacknowledged"), today: rows.length },
  };
}
