/**
 * Which of two servers to report from. A service level is a byte, in four ranges (OPC 10000-4, 6.6.2.4.2): 200 to 255
 * healthy, 2 to 199 degraded, 1 no data, 0 maintenance. Only a better range is worth a change: within one, levels move
 * with the load of a server, and a client that follows them would swing between the two.
 */
export type Health = "healthy" | "degraded" | "no data" | "maintenance" | "away";

const ranks: Readonly<Record<Health, number>> = {
  healthy: 4,
  degraded: 3,
  "no data": 2,
  maintenance: 1,
  away: 0,
};

/** @param level undefined when the server has no such level: one that answers is taken as healthy */
export function healthOf(level: number | undefined): Health {
  if (level === undefined || level >= 200) return "healthy";
  if (level >= 2) return "degraded";
  return level === 1 ? "no data" : "maintenance";
}

/** True when values should come from the other server from now on. */
export function isBetter(other: Health, active: Health): boolean {
  return ranks[other] > ranks[active];
}

/**
 * What two servers change of the settings: a server that falls silent has to be noticed in time for the change over to
 * end within 10 s (field practice 31), so keep-alives come every 2 s and silence ends a conversation after three.
 */
export const keepAliveMsOfTwo = 2_000;
export const silenceGraceMsOfTwo = 2_000;
