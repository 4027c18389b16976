export { demoTagRules, demoTelling } from "./demo-telling.ts";
export { HubCable, type Flow } from "./hub-cable.ts";
export { lineAssets } from "./line-assets.ts";
export { writeLineSettings, type LineGateway, type PlantEndpoints } from "./line.ts";
export { Part, PartDidNotStart, type PartOptions, type ReadyFacts } from "./part.ts";
export { programs } from "./programs.ts";
export { trustPlant } from "./trust-plant.ts";
