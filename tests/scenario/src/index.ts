export type { Protection, Scenario, ScenarioFault, Target } from "./scenario.ts";
export { judge, type Produced, type Stored, type Verdict } from "./judge.ts";
export { clocks, randomKills, restores, scenarios } from "./scenarios.ts";
