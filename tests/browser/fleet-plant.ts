/** What the hub says of its gateways: the rows of the console's list, the key of one, backups, what it could not use. */
import type { DeviceStatus, GatewayRow, Presence } from "@millwright/wire-contract";

import type { Condition } from "./fixture-server.ts";

/** In trouble: its frames came on a stick, and nobody has heard it. */
const onStick = 10;

/** @param startedUs since when it is as it is; the same below */
export function gatewayRowsOf(
  condition: Condition,
  count: number,
  each: { readonly devices: readonly DeviceStatus[]; readonly tagCount: number },
  startedUs: number,
  nowUs: number,
): readonly GatewayRow[] {
  return Array.from({ length: condition === "empty" ? 0 : count }, (_, index) => {
    const presence = presenceOf(condition, index);
    return {
      gateway: `gw-${String(index + 1).padStart(4, "0")}`,
      name: `${["Brno press line", "Lyon paint shop", "Gdansk pumps"][index % 3] ?? ""} ${index + 1}`,
      site: ["Brno / Stamping", "Lyon / Paint", "Gdansk / Utilities"][index % 3] ?? "",
      presence,
      sinceUs: startedUs - 3_600e6,
      lastBeatUs:
        presence !== "silent" ? nowUs - 400_000 : index === onStick ? 0 : startedUs - 700e6,
      waitingSamples: presence === "behind" ? 4_120 : 0,
      behindMs: presence === "behind" ? 190_000 : 0,
      ...each,
      storedSamples: 18_400_000 + index * 1_000,
      unexplained: presence === "behind" && index === 1 ? 12 : 0,
      quarantined: index === 2 && presence === "silent" ? 1 : 0,
      hmi: "http://127.0.0.1:8080/",
      software: index % 5 === 4 ? "0.0.9" : "0.1.0",
      ...(index === 2 && presence === "silent"
        ? { copy: { sinceUs: startedUs - 600e6, hmi: "http://10.20.30.40:8080/" } }
        : {}),
    };
  });
}

function presenceOf(condition: Condition, index: number): Presence {
  if (condition !== "trouble") return "reporting";
  return (["reporting", "behind", "silent", "sleeping"] as const)[index % 4] ?? "reporting";
}

export function keyOf(condition: Condition, startedUs: number): object {
  const trouble = condition === "trouble";
  return {
    pinned: "3f2a-91bc-04d7-55e0-a1b2-c3d4-e5f6-0718",
    pinnedUs: startedUs - 30 * 86_400e6,
    shown: trouble ? "9c41-0d2e-77ab-13f5-2b6c-8e90-ffa1-4d3b" : "",
    shownUs: trouble ? startedUs - 3_600e6 : 0,
    hub: "b7e8-2210-6c9f-40aa-91d3-5e27-0f84-c6b5",
  };
}

export function backupOf(condition: Condition, startedUs: number): object {
  const trouble = condition === "trouble";
  return {
    releaseBelow: "backup",
    state: trouble ? "late" : "fresh",
    newestUs: startedUs - (trouble ? 50 : 5) * 3_600e6,
    everyMs: 24 * 3_600e3,
    failure: trouble ? "cannot write to /mnt/backup: read-only file system" : "",
  };
}

export function quarantineOf(condition: Condition, startedUs: number): readonly object[] {
  const found = {
    gateway: "gw-0003",
    reason: "chain does not fit",
    receivedUs: startedUs,
    bytes: 512,
  };
  return condition === "trouble" ? [found] : [];
}
