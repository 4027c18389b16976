/** What may be written to the fixture's first machine, what blocks it, and what became of the last writes. */
import type { CommandEvent } from "@millwright/wire-contract/events";

import type { Condition } from "./fixture-server.ts";

const speed = "pump-1/5";
const oil = "pump-1/8";
const state = "pump-1/10";

/** As `GET /api/commands` answers. @param nowUs when the fixture was started */
export function controlOf(condition: Condition, nowUs: number): object {
  if (condition === "empty") return { grants: [], interlocks: [], safetyTags: [], recent: [] };
  const trouble = condition === "trouble";
  const blocked = "guard door open (interlock G-12)";
  const grant = { role: "technician", changePerMinuteMax: null, dryRun: false, resolution: 0 };
  return {
    grants: [
      {
        ...{ ...grant, tag: speed, origins: ["hmi"], low: 1_000, high: 1_600, stepMax: 100 },
        ...{ resolution: 1, readBack: "same", mode: "the pump in automatic" },
        ...(trouble ? { blocked, interlock: "G-12" } : {}),
      },
      {
        ...{ ...grant, tag: oil, origins: ["hmi", "rule"], rule: "R-7", low: 20, high: 60 },
        ...{ stepMax: null, changePerMinuteMax: 5, readBack: "tag", dryRun: trouble },
      },
      {
        ...{ ...grant, tag: "pump-1/2", origins: ["hub"], low: 4, high: 8, stepMax: null },
        readBack: "none",
      },
    ],
    interlocks: [
      {
        ...{ id: "G-12", name: "Guard", blocks: ["Speed"], holds: !trouble },
        conditions: [
          {
            ...{ state: trouble ? "not met" : "met", words: "guard door open", tag: state },
            ...{ value: trouble ? 0 : 2, required: "= Running" },
          },
          trouble
            ? {
                ...{ state: "unknown", words: "oil level low", tag: "pump-1/4" },
                ...{ required: ">= 10.0", why: "no value yet" },
              }
            : {
                ...{ state: "met", words: "oil level low", tag: oil },
                ...{ value: 47.1, required: ">= 10.0" },
              },
        ],
      },
    ],
    safetyTags: [state],
    recent: trouble ? writesIn(nowUs) : writesIn(nowUs).slice(-1),
  };
}

/** As `GET /api/rules` answers. */
export function rulesOf(condition: Condition, nowUs: number): object {
  if (condition === "empty") return { rules: [] };
  const trouble = condition === "trouble";
  const rule = { when: "bearing above 95 °C for 60 s", then: "speed to 1,200 /min" };
  return {
    rules: [
      {
        ...{ ...rule, id: "R-7", title: "Slow down when the bearing is hot" },
        ...{ truth: trouble ? "true" : "false", fired: trouble },
      },
      {
        ...{ ...rule, id: "R-8", title: "Cool the oil", truth: "unknown", fired: false },
        ...(trouble ? { paused: { untilUs: nowUs + 600e6, person: "Ada Novak" } } : {}),
      },
    ],
  };
}

/** The newest first. */
function writesIn(nowUs: number): readonly object[] {
  const events: readonly Partial<CommandEvent>[] = [
    { outcome: "unknown", reason: "the machine did not answer within 2 s" },
    { outcome: "refused", reason: "Blocked: guard door open (interlock G-12)" },
    { outcome: "expired", reason: "it was 7 s old when it came" },
    { outcome: "confirmed", before: 1_480, readBack: 1_500 },
  ];
  return events.map((event, at) => ({
    ...{ key: `write-${at}`, atUs: nowUs - (at + 1) * 60e6, final: true },
    ...{ name: "Speed", unit: "/min" },
    event: { tag: speed, value: 1_500, origin: { kind: "hmi", who: "Ada Novak" }, ...event },
  }));
}
