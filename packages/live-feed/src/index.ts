export { overviewOf, sparklinesOf, toLiveTag } from "./gateway-page.ts";
export { liveEvents, type LiveEvent, type LiveSource } from "./live-events.ts";
export {
  createPageApp,
  historyBody,
  isLoopbackName,
  listen,
  liveStream,
  parseRange,
  PortTaken,
  servePage,
  type Listening,
} from "./page-server.ts";
export { ValueTable } from "./value-table.ts";
