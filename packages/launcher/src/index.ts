export { Part, PartDidNotStart, type PartOptions, type ReadyFacts } from "./part.ts";
export { programs } from "./programs.ts";
