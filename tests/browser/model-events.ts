/** What gateways told of their models, as `/api/events` of the hub answers it. */
import type { ModelEvent } from "@millwright/wire-contract/events";

import type { Condition } from "./fixture-server.ts";

/** One version in service and its next as a shadow; in trouble one is refused, drifts and disagrees. */
export function modelEventsOf(condition: Condition, nowUs: number): readonly object[] {
  if (condition === "empty") return [];
  const trouble = condition === "trouble";
  const told = (gateway: string, body: Partial<ModelEvent>, at: number): object => ({
    ...{ gateway, journalUs: 0, number: at, atUs: nowUs - at * 60e6, kind: "model" },
    ...{ asset: "Pump 1", subject: "bearing-health" },
    body: {
      ...{ what: "loaded", bundle: "bearing-health", version: "1.2.0", role: "live", reason: "" },
      ...body,
    },
  });
  const shadow = { version: "1.3.0", role: "shadow" } as const;
  const times = { fromUs: nowUs - 3_600e6, toUs: nowUs - 3_000e6 };
  const compared = { against: "1.2.0", ...times, windows: 600, agreed: trouble ? 583 : 600 };
  const reason =
    "example 2 gave 1.94 instead of 0.31\nTrain the bundle again, or correct its examples.";
  return [
    ...(trouble
      ? [
          told("gw-0003", { ...shadow, what: "refused", reason }, 1),
          told("gw-0001", { ...shadow, what: "disagreed", comparison: compared }, 2),
          told("gw-0001", { what: "drifting", drift: [{ tag: "pump-1/0", index: 0.31 }] }, 3),
        ]
      : []),
    told("gw-0001", { ...shadow, what: "compared", comparison: compared }, 4),
    told("gw-0001", shadow, 90),
    told("gw-0002", {}, 300),
    told("gw-0001", {}, 300),
  ];
}
