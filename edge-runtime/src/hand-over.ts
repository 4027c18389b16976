/**
 * Types only: what passes from step to step, in the order of a value's way. Steps do not import steps; they meet in
 * `runtime.ts`. A type that has a step of its own stands there, the others in `hand-over/`.
 */

/** What acquire hands to normalise, and to capture. */
export type { ArrayReading, ReadingBatch } from "./acquire/driver.ts";

/** What acquire hands to decide: the alarms that devices own; and what people do to them. */
export type { ConditionAct, ConditionNews, MachineCondition } from "./acquire/machine-condition.ts";

/** What normalise hands to buffer and to those who watch, what is charged to the ledger, and the newest of each tag. */
export type {
  DeclaredTag,
  GatewayClockState,
  Loss,
  SampleBatch,
  SampleWatcher,
  TagView,
} from "./hand-over/samples.ts";

/** What detect tells decide and serve, and what models tell it. */
export type { AssetHealth, DetectionFeed, Episode, EpisodeDesk } from "./hand-over/episodes.ts";

/** What screens see of models. */
export type { ModelAssetRow, ModelRow, ModelsState } from "./detect/models/model-row.ts";

/** What decide tells of alarms, and what people do to them. */
export type {
  AlarmAct,
  AlarmActor,
  AlarmDesk,
  AlarmFacts,
  AnswerToHub,
} from "./hand-over/alarms.ts";

/** How rules, the page and the hub have something written: the one road to a machine. */
export type {
  Command,
  CommandChange,
  CommandDesk,
  ConditionView,
  Grant,
  GrantView,
  InterlockView,
} from "./decide/commands/command.ts";

/** What screens see of rules, and how people pause them. */
export type { RuleActDone, RuleDesk, RuleRow } from "./decide/rules/rule-row.ts";

/** What buffer keeps for detect, decide and access. */
export type { EventBook, EventQuery, SavedState } from "./hand-over/events.ts";

/** What buffer says of its room. */
export type { Rehearsal } from "./buffer/tiers/buffer-clock.ts";

/** What buffer answers to capture. */
export type { Kept } from "./buffer/captures/captures.ts";

/** What buffer hands to sync. */
export type { Outbox, OutboxFrame, OutboxLane, SentFrame } from "./hand-over/outbox.ts";
export type {
  DeviceHistory,
  FetchedPiece,
  HeldOrder,
  LocalOffer,
  LocalOrder,
  LocalOrderDesk,
  OrderBook,
  OrderProgress,
  PastRange,
} from "./hand-over/orders.ts";

/** How sync tries the way to the hub when a person asks for it. */
export type {
  ConnectionFindings,
  ConnectionStep,
  ConnectionTest,
  StepFindings,
} from "./hand-over/connection-test.ts";

/** What diagnostics hands to serve. */
export type { DiagnosticsDesk, DiagnosticsFile } from "./hand-over/diagnostics.ts";

/** What buffer hands to publish, and what publish shows of itself. */
export type { KeptFeed } from "./buffer/kept-feed.ts";
export type { PublishState } from "./publish/sparkplug/publish-state.ts";

/** What access says of people, and what all parts give the page to ask for. */
export type { AccessDoor, Asked, AuditNote, NotAllowed, Person } from "./hand-over/people.ts";
export type { AccessAnswer, AuditAnswer } from "./access/answers.ts";
export type { Role } from "./roles.ts";
export type {
  ActingRoute,
  EnteringRoute,
  LookingRoute,
  PageRoute,
  RouteAnswer,
  RouteCall,
} from "./hand-over/routes.ts";
