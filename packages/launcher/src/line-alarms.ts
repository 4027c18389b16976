/** The alarms of the demo's line: what a person has to do about its machines, and by when. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

interface LineAlarm {
  readonly device: string;
  readonly alarm: object;
}

const classes = {
  bearing: {
    action: "Check the lubrication of the bearing, then reduce speed and plan its change.",
    consequence: "The bearing seizes, and the machine stops with damage.",
    causes: ["worn bearing", "lack of lubricant", "imbalance"],
    respondWithinMin: 10,
  },
  worn: {
    action:
      "Plan the change of the bearing; after it, take the override back to 100 % under Control.",
    consequence: "Parts take longer, and at full speed the bearing would not last the shift.",
    causes: ["worn bearing"],
    respondWithinMin: 60,
    latching: true,
  },
  fluid: {
    action: "Look at level, filter and leaks, and fill up what is missing.",
    consequence: "The machine runs hot and stops by itself.",
    causes: ["leak", "clogged filter"],
    respondWithinMin: 60,
  },
  process: {
    action: "Look at the machine, and bring the process back into its range.",
    consequence: "Parts leave the machine out of tolerance.",
    respondWithinMin: 20,
  },
  trip: {
    action:
      "Find out why it tripped, mend it, acknowledge, and reset the alarm before the next start.",
    consequence: "The machine stands until somebody has looked.",
    respondWithinMin: 5,
    shelveHoursMax: 1,
    latching: true,
  },
};

const alarms: readonly LineAlarm[] = [
  // ISO 20816-3, boundaries of zones C and D, and where damage is to be expected, mm/s.
  bearingVibration("spindle-1", "Front bearing vibration", 1),
  bearingVibration("pump-1", "Bearing vibration, drive end", 2),
  {
    device: "spindle-1",
    alarm: {
      id: "spindle-1/slowed",
      ...{ class: "worn", priority: 2, message: "Slowed down, the front bearing is worn" },
      ...{ raisedBy: "rule", group: "spindle-1/bearing" },
    },
  },
  {
    device: "spindle-1",
    alarm: {
      id: "spindle-1/bearing-hot",
      ...{ class: "bearing", priority: 2, message: "Front bearing temperature high" },
      ...{ tag: "spindle-1/bearing-temperature", limits: { H: 70 }, deadBand: 2, onDelayS: 10 },
      group: "spindle-1/bearing",
    },
  },
  {
    device: "spindle-1",
    alarm: {
      id: "spindle-1/coolant-low",
      ...{ class: "fluid", priority: 3, message: "Coolant level low" },
      ...{ tag: "spindle-1/coolant-level", limits: { L: 20 }, deadBand: 3, onDelayS: 30 },
    },
  },
  {
    device: "pump-1",
    alarm: {
      id: "pump-1/flow-low",
      ...{ class: "process", priority: 2, message: "Flow low while the pump runs" },
      ...{ tag: "pump-1/flow-rate", limits: { L: 12 }, deadBand: 2, onDelayS: 30 },
      // A pump that stands has no flow, and that is no alarm.
      suppressedWhen: { asset: "Pump 1", state: ["off", "starting"] },
    },
  },
  {
    device: "press-1",
    alarm: {
      id: "press-1/oil-low",
      ...{ class: "fluid", priority: 3, message: "Hydraulic oil level low" },
      ...{ tag: "press-1/oil-level", limits: { L: 58, LL: { at: 50, priority: 2 } }, deadBand: 2 },
      onDelayS: 60,
    },
  },
  {
    device: "oven-1",
    alarm: {
      id: "oven-1/gas-pressure",
      ...{ class: "process", priority: 2, message: "Gas pressure outside its range" },
      ...{ tag: "oven-1/gas-pressure", limits: { L: 42, H: 58 }, deadBand: 1, onDelayS: 10 },
      states: ["running"],
    },
  },
  {
    device: "oven-1",
    alarm: {
      id: "oven-1/door",
      ...{ class: "process", priority: 3, message: "Oven door open for more than ten minutes" },
      ...{ tag: "oven-1/door-open", equals: true, onDelayS: 600 },
    },
  },
];

/** @param highest priority of its upper limit: urgent is only what ruins a tool or a person within minutes */
function bearingVibration(device: string, message: string, highest: 1 | 2): LineAlarm {
  return {
    device,
    alarm: {
      id: `${device}/bearing-vibration`,
      ...{ class: "bearing", priority: 2, message: `${message} high` },
      tag: `${device}/bearing-vibration`,
      limits: { H: 4.5, HH: { at: 7.1, priority: highest, message: `${message} very high` } },
      ...{ deadBand: 0.5, onDelayS: 5, offDelayS: 5, states: ["running"] },
      group: `${device}/bearing`,
    },
  };
}

/** The pump has alarms of its own, over OPC UA. Its vibration is judged here already, so of that an event will do. */
const machines = [
  {
    device: "pump-1",
    asset: "Pump 1",
    named: {
      PumpTripped: {
        class: "trip",
        action: "Close the valve, find out why the pump tripped, then acknowledge.",
      },
      BearingOverheated: { class: "bearing" },
    },
  },
];

/** What the bits of a machine's fault word mean, where it has no alarms; those without a class are kept as events. */
const faults = [
  {
    device: "press-1",
    texts: [
      "0,Hydraulic oil above 60 °C,Hydrauliköl über 60 °C,fluid,2,",
      "1,Hydraulic oil below 65 %,Hydrauliköl unter 65 %,,,",
      "2,Press force above its rating,Presskraft über dem Nennwert,trip,2,",
    ],
  },
] as const;

/**
 * @param devices those that the gateway reads
 * @param folder of its settings file: the tables of fault texts are written beside it
 * @returns the part `alarms:` of its settings file
 */
export function lineAlarms(devices: ReadonlySet<string>, folder: string): object {
  const tables = faults.filter(({ device }) => devices.has(device));
  for (const { device, texts } of tables) {
    const rows = ["fault,en,de,class,priority,action", ...texts];
    writeFileSync(join(folder, `${device}-faults.csv`), `${rows.join("\n")}\n`);
  }
  return {
    classes,
    list: alarms.filter(({ device }) => devices.has(device)).map(({ alarm }) => alarm),
    machines: machines.filter(({ device }) => devices.has(device)),
    shifts: { begin: ["06:00", "14:00", "22:00"] },
    faults: tables.map(({ device }) => ({
      id: `${device}/fault`,
      ...{ tag: `${device}/fault-word`, kind: "bits", textsFile: `${device}-faults.csv` },
    })),
  };
}
