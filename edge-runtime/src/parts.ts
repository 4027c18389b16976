/** The steps of the gateway one by one: for simulations that join them on a played clock, without sockets. */
export { createBatchBuilder } from "./acquire/batch-builder.ts";
export { DeviceSupervisor } from "./acquire/device-supervisor.ts";
export type {
  Driver,
  DriverContext,
  DriverSession,
  PointSettings,
  ReadingBatch,
} from "./acquire/driver.ts";
export { DeviceUnreachable, LinkLost } from "./acquire/faults.ts";
export { openJournalCore, type JournalCore } from "./buffer/journal.ts";
export { MemoryEventBook } from "./buffer/events/memory-book.ts";
export { keep } from "./buffer/keep.ts";
export type { AlarmDefinition } from "./decide/alarms/definition.ts";
export { LiveAlarms } from "./decide/alarms/live-alarms.ts";
export { compileRules } from "./decide/rules/compile-rules.ts";
export { RuleFeed } from "./decide/rules/feed.ts";
export { rulesFile } from "./decide/rules/rule-file.ts";
export { RuleScan } from "./decide/rules/scan.ts";
export { watchPlan } from "./detect/watch-plan.ts";
export type { AccessDoor, DeclaredTag } from "./hand-over.ts";
export { createNormaliser } from "./normalise/normaliser.ts";
export { alarmRoutes } from "./serve/alarm-routes.ts";
export { addPageRoutes } from "./serve/page-routes.ts";
export { createCarrierDoor } from "./sync/carrier/carrier-door.ts";
export { carrierFiles, type CarrierFiles } from "./sync/carrier/carrier-files.ts";
export { runExport, type Exported } from "./sync/carrier/export-run.ts";
export { runningSource } from "./sync/carrier/export-source.ts";
export { HubUnreachable } from "./sync/faults.ts";
export { releaseOnMark, type ReleaseRule } from "./sync/release-rule.ts";
export type { Road, RoadEvents, RoadSession } from "./sync/road.ts";
export { createUplink } from "./sync/uplink.ts";
