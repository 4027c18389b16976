/** Orders without a database: for tests of the page, which speak the hub's own routes. */
export type { LedgerView, OrderKind, OrderView, OrderWish } from "./order-views.ts";
export { addOrderRoutes } from "./serve/order-routes.ts";
