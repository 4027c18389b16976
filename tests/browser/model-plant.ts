/** What H7 says of model bundles: none, one that runs, and one beside it that was refused. */
import type { Condition } from "./fixture-server.ts";

/** As `/api/models` of the gateway answers. @param nowUs when the newest score was found */
export function modelsOf(condition: Condition, nowUs: number): object {
  if (condition === "empty") return { models: [] };
  const pump = {
    bundle: "pump-health",
    version: "1.2.0",
    role: "live",
    state: "runs",
    note: "",
    latencyMs: 0.42,
    assets: [{ asset: "Pump 1", score: 0.31, atUs: nowUs, silence: "" }],
  };
  const refused = {
    bundle: "pump-health",
    version: "1.3.0",
    role: "shadow",
    state: "refused",
    note: "example 2 gave 1.94 instead of 0.31\nTrain the bundle again, or correct its examples.",
    assets: [],
  };
  return {
    models: condition === "trouble" ? [pump, refused] : [pump],
    isolation: "a network namespace of its own",
    networkOpen: false,
    residentBytes: 96 * 2 ** 20,
    restarts: condition === "trouble" ? 2 : 0,
    windowsLost: condition === "trouble" ? 2 : 0,
  };
}
