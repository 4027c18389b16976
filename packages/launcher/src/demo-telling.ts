/**
 * What the demo's gateways tell their hub. A line of measurements may be off by one percent of the normal range. Normal
 * ranges are a part of what the instruments can measure, so this is 0.1 to 0.5 % of their spans: what a good transmitter
 * may be off by itself (accuracy class 0.25). States and texts are told exactly. What counts may be off by five counts,
 * where one count is a piece, a stroke or a second.
 */
export const demoTelling = {
  measurement: "swinging-door 1 %",
  counter: "swinging-door 5",
  state: "change",
  "event-value": "change",
  setpoint: "change",
  text: "change",
  // That a value holds is proven by the gateway's beat, every second and by device; a told sample is for the eye.
  heartbeatMs: 300_000,
  // What nobody looks at may wait as long as the live lane allows: the envelope of a frame costs as much as twenty of the
  // samples in it. What somebody looks at comes with the next commit.
  everyMs: 10_000,
} as const;

/** Tags that have a rule of their own, by id or by their name within a device: the column `tell` of their table. */
export const demoTagRules: Readonly<Record<string, string>> = {
  // A stroke takes 2.5 s and is sampled 25 times: within one percent no line passes two of these samples. Nobody
  // follows a stroke from a hub; how often, how far and how hard the press went, peak force and minutes say exactly.
  "ram-position": "swinging-door 25 %",
  "ram-force": "swinging-door 25 %",
  "hydraulics-pressure": "swinging-door 25 %",
  "press-1/motor-power": "swinging-door 25 %",
  // ISO 2954 lets an instrument for vibration severity be off by ten percent of what it reads.
  "bearing-vibration": "swinging-door 4 %",
  "bearing-nde-vibration": "swinging-door 4 %",
  // As a drive shows them on its own panel: percents that nobody reads as exact, and a speed while it runs up. The least,
  // the greatest and the mean of each minute come exactly all the same.
  load: "swinging-door 5 %",
  speed: "swinging-door 4 %",
  // It is on or off; a litre and a half a minute is what its switch cannot tell apart.
  "coolant-flow": "swinging-door 6 %",
  // A meter of class 0.2 at 400 V, a transmitter of class 0.5 over 2.5 bar.
  "motor-voltage": "swinging-door 2 %",
  "suction-pressure": "swinging-door 2 %",
  // Hundreds are the operation; a line of it lasts a tenth of a second.
  "program-line": "dead-band 100",
  // A tenth of a kilowatt-hour; a bill is written in whole ones.
  "motor-energy": "swinging-door 100",
  // Ten litres, in pulses of 10 ml.
  "flow-pulses": "swinging-door 1000",
  // The governor of a gas line, the draught of a flue and a zirconia probe are never still.
  "gas-pressure": "swinging-door 2 %",
  "chamber-pressure": "swinging-door 0.5",
  "exhaust-oxygen": "swinging-door 2 %",
};
