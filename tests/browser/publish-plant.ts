/** What H7 says of SCADA: nobody, a host that hears all, and a broker that refuses. */
import type { Condition } from "./fixture-server.ts";

/** As `/api/publish` of the gateway answers. @param nowUs since when it is as it is */
export function publishOf(condition: Condition, nowUs: number): object {
  if (condition === "empty") return {};
  const node = {
    node: "Plant 1/line-1",
    url: "mqtt://broker.plant.example:1883",
    primaryHost: "scada",
    sinceUs: nowUs,
    tags: 118,
    refusedWrites: 0,
  };
  const healthy = {
    ...node,
    state: "live",
    why: "",
    hint: "",
    waiting: 0,
    delivered: 4_211_880,
    lost: 0,
  };
  const away = {
    ...{ ...node, state: "connecting" },
    why: 'the broker answers "Connection refused: Bad username or password"',
    hint: "Check user, password file and client id, and what the broker allows them.",
    ...{ waiting: 84_120, delivered: 4_127_760, lost: 1_200 },
  };
  return { sparkplug: condition === "trouble" ? away : healthy };
}
