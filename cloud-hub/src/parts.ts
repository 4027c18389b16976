/** The steps of the hub one by one: for simulations that join them on a played clock, without children. */
export { unrankedEpoch, type StoredFrame } from "./hand-over.ts";
export type { GatewayKeys, PinnedKey } from "./ingest/carrier/gateway-keys.ts";
export { Importer, type EndedImport, type ImportCounts } from "./ingest/carrier/importer.ts";
export type { FrameStore, Intake, Taken } from "./ingest/frame-store.ts";
export type { Inbox, InboxEvents, InboxMessage } from "./ingest/inbox.ts";
export { Ingest } from "./ingest/ingest.ts";
export { AcknowledgementDesk, type AcknowledgementShelf } from "./orders/acknowledgement-desk.ts";
export { MemoryStore, type MemoryBackup } from "./ingest/store-memory.ts";
export type { SafeSource } from "./ingest/told-marks.ts";
export { Twins } from "./twin/twins.ts";
