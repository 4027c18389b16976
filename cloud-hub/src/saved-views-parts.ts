/** Saved views without a database: for tests of the page, which speak the hub's own routes and rules. */
export type { SavedView } from "./saved-view.ts";
export { SavedViewDesk } from "./saved-views/saved-view-desk.ts";
export { addSavedViewRoutes } from "./serve/saved-view-routes.ts";
