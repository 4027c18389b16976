/** What happened to the gateways of the fixture's hub: nothing to those in health. */
import type { TimeLine, TimeLineEntry } from "@millwright/cloud-hub/time-line-views";

import type { Condition } from "./fixture-server.ts";

const minuteUs = 60e6;

/** @param startedUs when the fixture was started */
export function timeLineOf(
  condition: Condition,
  startedUs: number,
  range: { readonly fromUs: number; readonly toUs: number },
): TimeLine {
  const { fromUs, toUs } = range;
  const heard = { kind: "hearing", state: "heard", fromUs } as const;
  if (condition !== "trouble") return { ...range, entries: [heard] };
  const entries = inTrouble(startedUs).filter((one) => {
    const lasting = one.kind === "hearing" ? toUs : one.fromUs;
    const endUs = "toUs" in one ? one.toUs : lasting;
    return one.fromUs <= toUs && endUs >= fromUs;
  });
  return { ...range, entries, heardFromUs: startedUs - 20 * 60 * minuteUs };
}

function inTrouble(startedUs: number): readonly TimeLineEntry[] {
  const ago = (minutes: number): number => startedUs - minutes * minuteUs;
  const states = [
    ["heard", 20 * 60],
    ["silent", 14 * 60],
    ["heard", 13 * 60],
    ["hub away", 9 * 60],
    ["heard", 8 * 60],
    ["sleeping", 5 * 60],
    ["heard", 4 * 60 + 30],
    ["silent", 12],
  ] as const;
  const hearing = states.map(([state, minutes], at): TimeLineEntry => {
    const next = states[at + 1];
    const end = next === undefined ? {} : { toUs: ago(next[1]) };
    return { kind: "hearing", state, fromUs: ago(minutes), ...end };
  });
  const rest: readonly TimeLineEntry[] = [
    { kind: "start", fromUs: ago(13 * 60), after: "machine" },
    { kind: "start", fromUs: ago(4 * 60 + 30), after: "stopped" },
    { kind: "configuration", fromUs: ago(4 * 60 + 29) },
    {
      kind: "loss",
      reason: "gateway down",
      ...{ fromUs: ago(5 * 60), toUs: ago(4 * 60 + 30) },
      ...{ entries: 3, samples: 54_000, uncounted: 0 },
    },
    {
      kind: "loss",
      reason: "device unreachable",
      ...{ fromUs: ago(100), toUs: ago(90) },
      ...{ entries: 2, samples: 300, uncounted: 1 },
    },
    { kind: "alarm peak", fromUs: ago(40), toUs: ago(25), alarms: 17 },
  ];
  return [...hearing, ...rest].toSorted((a, b) => a.fromUs - b.fromUs);
}
