/**
 * What the demo's gateways tell their hub. A line of measurements may be off by half a percent of its range, which is
 * less than the class of the sensors; counters by one thousandth of theirs where they have one; states and texts exactly.
 */
export const demoTelling = {
  measurement: "swinging-door 0.5 %",
  counter: "swinging-door 0.1 %",
  state: "change",
  "event-value": "change",
  setpoint: "change",
  text: "change",
  // What nobody looks at may wait a little: the envelope of a frame costs as much as forty samples.
  everyMs: 5_000,
} as const;
