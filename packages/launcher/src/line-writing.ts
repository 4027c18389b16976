/** What may be written on the demo's line, what must hold for it, and the rule that slows the spindle. */

/** Asset "Spindle 1", read and written over MQTT. */
const override = "spindle-1/override";

/** @param devices those that the gateway reads @returns parts of its settings file */
export function lineWriting(devices: ReadonlySet<string>): object {
  if (!devices.has("spindle-1")) return {};
  return {
    grants: [
      {
        tag: override,
        origins: ["rule", "hmi"],
        rule: "slow-the-spindle",
        // As the machine has it, and no jump that would break a tool.
        ...{ low: 50, high: 120, stepMax: 50, changePerMinuteMax: 150 },
        ...{ readBack: "same", withinMs: 5_000 },
      },
    ],
    interlocks: [
      {
        id: "G-1",
        name: "Spindle door",
        blocks: [override],
        conditions: [{ tag: "spindle-1/door-closed", is: true, words: "the door is open" }],
      },
    ],
    rules: [
      {
        id: "slow-the-spindle",
        version: "1",
        title: "Slow the spindle while its front bearing is worn",
        asset: "Spindle 1",
        inputs: {
          vibration: { asset: "Spindle 1", property: "bearingVibration" },
          override: { asset: "Spindle 1", property: "speedOverride" },
        },
        // Well above what a sound bearing does here (2.8 mm/s), before zone D of ISO 20816-3 begins (4.5).
        when: "vibration > 4.0 && override > 75.0",
        for: "5 s",
        until: "vibration < 2.8",
        pausedBy: "technician",
        trusting: "the broker of this line listens on this machine alone, so nobody else publishes",
        then: [{ write: override, value: 70 }, { raise: "spindle-1/slowed" }],
      },
    ],
  };
}
