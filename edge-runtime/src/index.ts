/** The gateway as a library: for tests and benches that run it in their own process. */
export { runRuntime, type RuntimeOptions } from "./runtime.ts";
export { loadSettings, type Settings } from "./settings/load-settings.ts";
export { SettingsFaulty } from "./settings/problem.ts";
