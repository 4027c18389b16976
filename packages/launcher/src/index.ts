export { Part, PartDidNotStart, type PartOptions, type ReadyFacts } from "./part.ts";
