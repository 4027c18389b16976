/** Which changes of presence are noted. Pure. */
import type { GatewayRow, Presence } from "@millwright/wire-contract";

/** A gateway that is behind is heard: what waits is told elsewhere. */
export type NotedState = "heard" | "silent" | "sleeping";

export interface PresenceChange {
  readonly gateway: string;
  readonly state: NotedState;
  /** From then on, by the hub's clock, µs. */
  readonly atUs: number;
}

export type Standing = Pick<GatewayRow, "gateway" | "presence" | "sinceUs" | "lastBeatUs">;

interface HubRun {
  /** Since when this hub listens, µs. */
  readonly startedUs: number;
  readonly nowUs: number;
  /** So long is nothing heard of a gateway before it is called silent, µs. */
  readonly silentAfterUs: number;
}

/** @param noted the state of each gateway that was noted last, also by hubs of before */
export function presenceChanges(
  noted: ReadonlyMap<string, NotedState>,
  standings: Iterable<Standing>,
  run: HubRun,
): readonly PresenceChange[] {
  const changes: PresenceChange[] = [];
  for (const standing of standings) {
    const { gateway, presence } = standing;
    const state = noteOf[presence];
    // What came on a stick alone was never heard, and so cannot fall silent.
    if (standing.lastBeatUs === 0 || noted.get(gateway) === state) continue;
    const atUs = beginOf(state, standing, run);
    if (atUs !== undefined) changes.push({ gateway, state, atUs });
  }
  return changes;
}

const noteOf: Readonly<Record<Presence, NotedState>> = {
  reporting: "heard",
  behind: "heard",
  silent: "silent",
  sleeping: "sleeping",
};

/** Undefined as long as the hub cannot know. */
function beginOf(state: NotedState, standing: Standing, run: HubRun): number | undefined {
  const { sinceUs, lastBeatUs } = standing;
  // It said so itself, and that was kept.
  if (state === "sleeping") return sinceUs;
  if (state === "heard") return Math.max(sinceUs, run.startedUs);
  // While the hub was away it heard nobody: it has to listen for as long as always before it may say that one is silent.
  const quietFromUs = Math.max(lastBeatUs, run.startedUs);
  return run.nowUs - quietFromUs > run.silentAfterUs ? quietFromUs : undefined;
}
