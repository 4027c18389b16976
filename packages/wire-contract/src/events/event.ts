import type { AlarmEvent } from "./alarm.ts";
import type { AuditEntry } from "./audit.ts";
import type { CommandEvent } from "./command.ts";
import type { ContextEvent } from "./context.ts";
import type { EpisodeEvent, LabelEvent } from "./episode.ts";
import type { ModelEvent } from "./model.ts";
import type { RuleEvent } from "./rule.ts";

/**
 * Something that happened on a gateway and is no sample: kept in the journal, told in the critical lane, never shed. The
 * number of a kind is what frames carry; numbers are never reused.
 */
export const eventKinds = {
  alarm: 1,
  episode: 2,
  label: 3,
  command: 4,
  audit: 5,
  context: 6,
  model: 7,
  rule: 8,
} as const;
export type EventKind = keyof typeof eventKinds;

/** What the body of each kind says. Plain JSON on the wire; a reader passes over fields that it does not know. */
export interface EventBodies {
  readonly alarm: AlarmEvent;
  readonly episode: EpisodeEvent;
  readonly label: LabelEvent;
  readonly command: CommandEvent;
  readonly audit: AuditEntry;
  readonly context: ContextEvent;
  readonly model: ModelEvent;
  readonly rule: RuleEvent;
}

/** An event on its way into the journal. */
export type NewEvent = {
  readonly [Kind in EventKind]: {
    readonly kind: Kind;
    /** When it happened, by the gateway's clock, µs since 1970 UTC. */
    readonly atUs: number;
    /** The asset it is about, as tags name it; "" for the gateway itself. */
    readonly asset: string;
    /** What it goes on about: the id of an alarm, an episode, a command, a bundle, a rule, a person. */
    readonly subject: string;
    readonly body: EventBodies[Kind];
  };
}[EventKind];

/** An event as the journal keeps it. */
export type EventRecord = NewEvent & {
  /** Rises by one within a journal, from 1; with the gateway its identity for ever. */
  readonly number: number;
};
