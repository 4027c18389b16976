export { isWide, type Scalar, type ValueType } from "./scalar.ts";
export {
  isDeviceId,
  isEpoch,
  isGatewayId,
  isTagId,
  type DeviceId,
  type Epoch,
  type GatewayId,
  type TagClock,
  type TagDefinition,
  type TagId,
  type Telling,
  type TagKind,
} from "./tag.ts";
export {
  tagIn,
  TagBook,
  toTagColumns,
  type NamedTag,
  type TagColumns,
  type TagNumbers,
  type TagTraits,
} from "./tag-book.ts";
export { laneNumbers, lanes, roadLanes, type Lane, type RoadLane } from "./lane.ts";
export {
  saysOverflow,
  severityOf,
  status,
  statusWords,
  type Severity,
  type StatusCode,
} from "./status.ts";
export {
  lossReasons,
  type LedgerEntry,
  type LossCount,
  type LossReason,
  type LossScope,
} from "./ledger.ts";
export {
  clockCauses,
  frameContents,
  type ClockCause,
  type ClockRecord,
  type ClockState,
  type FrameContent,
  type FrameHead,
  type Complete,
  type SampleColumns,
  type StartRecord,
  type VoidBody,
} from "./frame.ts";
export {
  frameBytes,
  parseFrame,
  sealFrame,
  type ParsedFrame,
  type SealedFrame,
} from "./frame-codec.ts";
export { frameVersion } from "./head-fields.ts";
export { chainAfter, fitsChain } from "./chain.ts";
export { crc32c } from "./crc32c.ts";
export {
  decodeDictionary,
  encodeDictionary,
  makeDictionary,
  makeDictionaryOf,
  type Dictionary,
} from "./dictionary.ts";
export { readDictionary } from "./known-dictionaries.ts";
export { decodeAggregates, encodeAggregates, type AggregatesBody } from "./aggregates.ts";
export { BatchScratch, SampleScratch } from "./columns/target.ts";
export { decodeSamples, encodeSamples, encodeSeries } from "./samples.ts";
export {
  decodeCapture,
  decodePiece,
  encodeCapture,
  encodePieceHead,
  isSha256,
  sampleBytes,
  type CapturePiece,
  type CapturePoint,
  type CaptureRecord,
  type CaptureState,
  type CaptureTrigger,
  type CaptureView,
  type SampleType,
} from "./capture.ts";
export {
  decodeClock,
  decodeLedger,
  decodeStarts,
  decodeVoid,
  encodeClock,
  encodeLedger,
  encodeStarts,
  encodeVoid,
} from "./records.ts";
export {
  bucketCount,
  bucketOf,
  gatewayOfSubject,
  messageId,
  streamNames,
  subjects,
} from "./subjects.ts";
export {
  helloOverviewMax,
  historyRunsMax,
  staleTagsMax,
  watchedForMs,
  watchedTagsMax,
  type Beat,
  type DeviceState,
  type DeviceStatus,
  type EpochPosition,
  type Hello,
  type HelloAnswer,
  type EndOfRun,
  type JournalBirth,
  type LaneMark,
  type LanePosition,
  type MarkMessage,
  type Probe,
  type ProbeAnswer,
  type Proof,
} from "./link.ts";
export {
  acknowledgementsMax,
  answerRangesMax,
  ordersEveryMs,
  ordersMax,
  orderSources,
  orderStates,
  resolutions,
  tagsPerOrderMax,
  type AskedAcknowledgement,
  type GatewayOrder,
  type OrderReport,
  type OrderSource,
  type OrdersMessage,
  type OrderState,
  type Resolution,
  type TagAnswer,
} from "./orders.ts";
export { SampleDigest } from "./sample-digest.ts";
export { staleAfterMs } from "./freshness.ts";
export type {
  CertificateEnd,
  CertificateUse,
  GatewayCopy,
  GatewayCounters,
  GatewayKeyView,
  GatewayPage,
  GatewayRow,
  HubLink,
  LiveBeat,
  LiveChange,
  LiveNews,
  LiveSnapshot,
  LiveState,
  LiveTag,
  LiveValue,
  Presence,
  SampleRates,
} from "./live.ts";
export type { PeerAnswer, PeerBandNow, PeerMachine } from "./peers.ts";
export { isLater, type ReportedValue, type TwinPosition } from "./twin.ts";
export type { WriteOutcome } from "./command.ts";
