export { addCaptureRoutes, type CaptureQuery, type CaptureSource } from "./capture-routes.ts";
export { overviewOf, sparklinesOf, toLiveTag } from "./gateway-page.ts";
export { addHistoryRoutes, type HistorySource, type TimeRange } from "./history-routes.ts";
export { liveEvents, type LiveEvent, type LiveSource } from "./live-events.ts";
export { liveStream } from "./live-stream.ts";
export { PageService, PortTaken } from "./page-server.ts";
export { proofsOf, takeProofs } from "./proofs.ts";
export { ValueTable } from "./value-table.ts";
