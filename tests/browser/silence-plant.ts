/** Why gateways of the fixture's hub are silent, for each state that one can be in. */
import type { Silence } from "@millwright/cloud-hub/silence-views";
import type { GatewayRow } from "@millwright/wire-contract";

export function silenceOf(row: GatewayRow): Silence {
  const { presence, sinceUs, lastBeatUs, site } = row;
  const [plant = ""] = site.split(" / ");
  const base = { sinceUs, plant };
  if (presence === "sleeping") {
    return {
      ...{ ...base, state: presence, likely: ["stopped"], where: "this gateway" },
      clues: [{ kind: "said that it stops", atUs: sinceUs }],
    };
  }
  if (presence !== "silent") return { ...base, state: "heard", likely: [], clues: [] };
  return {
    ...{ ...base, state: presence, likely: ["network", "power"], where: "its plant" },
    clues: [
      { kind: "together", count: 3, of: 4 },
      { kind: "given up", atUs: lastBeatUs + 28e6, address: "10.20.30.41" },
      { kind: "hub listens since", atUs: lastBeatUs + 60e6 },
      { kind: "broker not asked", why: "the hub's settings name no user of its system account" },
    ],
  };
}
