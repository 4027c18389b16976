/**
 * The lanes by which frames travel, in the order in which they go first. `raw` has no road: its frames stay on the
 * gateway and answer charts and repair.
 */
export const lanes = ["critical", "live", "history", "capture", "raw"] as const;
export type Lane = (typeof lanes)[number];

/** The lanes that have a JetStream stream. */
export const roadLanes = ["critical", "live", "history", "capture"] as const;
export type RoadLane = (typeof roadLanes)[number];

/** The numbers under which lanes are written in frames. Never reused. */
export const laneNumbers: Readonly<Record<Lane, number>> = {
  critical: 1,
  live: 2,
  history: 3,
  capture: 4,
  raw: 5,
};
