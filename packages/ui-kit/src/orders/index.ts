/** Orders of a hub to its gateways. Apart from the front door: who decides about them needs no page around it. */
export { isOrderOver } from "./order.ts";
export { askOrder, cancelOrder } from "./order-door.ts";
export { useLookAgain } from "./use-look-again.ts";
