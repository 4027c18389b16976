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
export { keep } from "./buffer/keep.ts";
export { compileRules } from "./decide/rules/compile-rules.ts";
export { RuleFeed } from "./decide/rules/feed.ts";
export { rulesFile } from "./decide/rules/rule-file.ts";
export { RuleScan } from "./decide/rules/scan.ts";
export type { DeclaredTag } from "./hand-over.ts";
export { createNormaliser } from "./normalise/normaliser.ts";
export { createCarrierDoor } from "./sync/carrier/carrier-door.ts";
export { carrierFiles, type CarrierFiles } from "./sync/carrier/carrier-files.ts";
export { runExport, type Exported } from "./sync/carrier/export-run.ts";
export { runningSource } from "./sync/carrier/export-source.ts";
export { HubUnreachable } from "./sync/faults.ts";
export { releaseOnMark, type ReleaseRule } from "./sync/release-rule.ts";
export type { Road, RoadEvents, RoadSession } from "./sync/road.ts";
export { createUplink } from "./sync/uplink.ts";
