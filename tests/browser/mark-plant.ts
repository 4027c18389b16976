/** Alarms and episodes on the time axes of the fixture's charts: none of a plant in health. */
import type { MarkedEvent, MarkSource } from "@millwright/live-feed";

import type { Condition } from "./fixture-server.ts";

const minuteUs = 60e6;

/**
 * @param nowUs when the fixture was started
 * @param told what has happened since
 */
export function marksOf(
  condition: Condition,
  nowUs: number,
  told: readonly MarkedEvent[],
): MarkSource {
  const before = condition === "trouble" ? inTrouble(nowUs) : [];
  return {
    events(kind, { fromUs = -Infinity, toUs }, max) {
      const found = [...before, ...told].filter(
        (one) => one.kind === kind && fromUs <= one.atUs && one.atUs <= toUs,
      );
      return Promise.resolve(found.toSorted((a, b) => b.atUs - a.atUs).slice(0, max));
    },
    lasting: () => Promise.resolve([]),
  };
}

/** An alarm of the first machine that comes, or goes again. @param raisedUs when it came */
export function alarmEvent(
  transition: "raised" | "returned",
  message: string,
  raisedUs: number,
  atUs: number,
): MarkedEvent {
  const state = transition === "raised" ? ("unacknowledged" as const) : ("returned" as const);
  return {
    ...{ kind: "alarm", asset: "Pump 1", subject: message, atUs },
    body: { transition, state, priority: 2, message, raisedUs },
  };
}

/** One that is over, two that last, one after the other; an episode; and some before them. */
function inTrouble(nowUs: number): readonly MarkedEvent[] {
  const alarm = (
    subject: string,
    priority: 1 | 2 | 3,
    message: string,
    [from, to]: readonly [number, number?],
  ): readonly MarkedEvent[] => {
    const raisedUs = nowUs - from * minuteUs;
    const one = { kind: "alarm", asset: "Pump 1", subject } as const;
    const body = { priority, message, raisedUs } as const;
    const raised = { transition: "raised", state: "unacknowledged", ...body } as const;
    const gone = { transition: "returned", state: "returned", ...body } as const;
    return [
      { ...one, atUs: raisedUs, body: raised },
      ...(to === undefined ? [] : [{ ...one, atUs: nowUs - to * minuteUs, body: gone }]),
    ];
  };
  const beginUs = nowUs - 32 * minuteUs;
  return [
    ...alarm("bearing-hot", 1, "Bearing DE temperature high", [25]),
    ...alarm("vibration-high", 2, "Vibration RMS high", [40, 28]),
    ...alarm("coolant-low", 3, "Coolant flow low", [51, 46]),
    ...alarm("coolant-low", 3, "Coolant flow low", [12, 8]),
    ...alarm("oil-old", 3, "Oil change overdue", [9_000]),
    {
      ...{ kind: "episode", atUs: beginUs, asset: "Pump 1", subject: "episode-7" },
      body: {
        what: "began" as const,
        ...{ beginUs, peakUs: beginUs, score: 2.4, severity: 0.6 },
        ...{ class: "drift", levels: ["statistic"], detectors: ["cusum"], verdict: "open" },
        contributions: [{ tag: "pump-1/0", share: 1, actual: 82, expected: 61, within: 6 }],
      },
    },
  ];
}
