/**
 * What the demo's gateways tell their hub. A line of measurements may be off by two percent of their normal range, which
 * is about the noise of these sensors; counters by five counts; states and texts are told exactly.
 */
export const demoTelling = {
  measurement: "swinging-door 2 %",
  counter: "swinging-door 5",
  state: "change",
  "event-value": "change",
  setpoint: "change",
  text: "change",
  // What nobody looks at may wait a little: the envelope of a frame costs as much as forty samples.
  everyMs: 5_000,
} as const;
