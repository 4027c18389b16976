export { buildHub, type Hub, type HubContext } from "./hub.ts";
export type { HubMetrics, HubViews, Quarantined } from "./hub-views.ts";
export { parseSettings } from "./settings/load-settings.ts";
