export {
  decodeEvents,
  encodeEvents,
  eventJsonBytesMax,
  toEventLine,
  toEventRecord,
  type EventLine,
  type EventsBody,
} from "./event-codec.ts";
export {
  eventKinds,
  type EventBodies,
  type EventKind,
  type EventRecord,
  type NewEvent,
} from "./event.ts";
export {
  alarmStates,
  type AlarmCounts,
  type AlarmEvent,
  type AlarmNote,
  type AlarmPriority,
  type AlarmRow,
  type AlarmState,
  type AlarmTransition,
} from "./alarm.ts";
export type { AuditEntry } from "./audit.ts";
export {
  toJsonScalar,
  type CommandEvent,
  type CommandOrigin,
  type CommandOutcome,
  type JsonScalar,
} from "./command.ts";
export { operatingStates, type ContextEvent, type OperatingState } from "./context.ts";
export type {
  Contribution,
  DetectionLevel,
  EpisodeClass,
  EpisodeEvent,
  LabelEvent,
  Verdict,
} from "./episode.ts";
export type { AlarmMark, EpisodeMark, TimeMark, TimeMarks } from "./marks.ts";
export type { BundleRole, ModelComparison, ModelDrift, ModelEvent } from "./model.ts";
export type { RuleEvent, RuleOperand } from "./rule.ts";
