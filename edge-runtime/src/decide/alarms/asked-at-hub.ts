/**
 * What people at the hub acknowledge. The hub repeats it until it has the answer, so it comes late, more than once and in any
 * order. It is about one occurrence: of that it is joined with what people at the gateway did, of any other it is refused. The
 * answer is an event of the alarm, kept in one transaction with the number of what it answers: nothing is answered twice, also
 * after a kill.
 */
import { isCovered, joinAcknowledgements, stateOf, stepLife } from "@millwright/alarms";
import type { AskedAcknowledgement } from "@millwright/wire-contract";
import type { AlarmEvent, NewEvent } from "@millwright/wire-contract/events";

import { toEvent, type AlarmRecord } from "./alarm-record.ts";
import { coverWords } from "./acting.ts";
import type { AlarmDefinition } from "./definition.ts";

/** What the journal keeps of an answer. */
type Kept = NewEvent & { readonly kind: "alarm" };

interface Answer {
  /** The alarm after it. */
  readonly record: AlarmRecord;
  readonly event: Kept;
  /** Absent when it was done. */
  readonly refused?: string;
}

/**
 * Pure. An occurrence that was acknowledged before it ended takes a second name; one that ended otherwise takes none.
 *
 * @param refusal why the machine that owns the alarm did not take it; absent where none was asked
 */
export function answerAsked(
  asked: AskedAcknowledgement,
  definition: AlarmDefinition,
  record: AlarmRecord,
  nowUs: number,
  refusal?: string,
): Answer {
  const { person } = asked;
  const refused = refusal ?? refusalOf(asked, record);
  const transition = refused === undefined ? "acknowledged" : "not-acknowledged";
  const after = refused === undefined ? joined(asked, definition, record, nowUs) : record;
  // What is told last of an alarm is what the hub knows of it: the occurrence that goes on, if there is one.
  const raisedUs = record.life.raisedUs > 0 ? record.life.raisedUs : asked.raisedUs;
  const by = { person, ...(refused === undefined ? {} : { reason: refused }) };
  const event = toEvent(definition, after, transition, raisedUs, by);
  return {
    record: after,
    event: { ...event, atUs: nowUs, body: { ...event.body, asked: asked.id } },
    ...(refused === undefined ? {} : { refused }),
  };
}

/** It stands in no settings of this gateway: taken out since, or of another one. */
export function answerUnknown(asked: AskedAcknowledgement, nowUs: number): Kept {
  const { id, alarm, raisedUs, person } = asked;
  const body: AlarmEvent = {
    ...{ transition: "not-acknowledged", state: "normal", priority: 3, raisedUs, person },
    message: "no longer in the settings",
    reason: unknownAlarm(alarm),
    asked: id,
  };
  return { kind: "alarm", atUs: nowUs, asset: "", subject: alarm, body };
}

export function unknownAlarm(alarm: string): string {
  return `There is no alarm ${alarm} on this gateway.`;
}

function refusalOf(
  { raisedUs }: AskedAcknowledgement,
  { life, acknowledgement }: AlarmRecord,
): string | undefined {
  if (life.raisedUs === raisedUs) return undefined;
  if (life.raisedUs > 0) return "It has come again since.";
  if (acknowledgement?.raisedUs === raisedUs) return undefined;
  const state = stateOf(life);
  if (isCovered(state)) return `It is ${coverWords(state)}, and comes back unacknowledged.`;
  return "It has ended since.";
}

function joined(
  { raisedUs, person, atUs }: AskedAcknowledgement,
  definition: AlarmDefinition,
  record: AlarmRecord,
  nowUs: number,
): AlarmRecord {
  const own = { raisedUs, person, atUs, at: "hub" } as const;
  const acknowledgement = joinAcknowledgements(record.acknowledgement, own) ?? own;
  const { latching } = definition.class;
  const step =
    record.life.raisedUs === raisedUs
      ? stepLife(record.life, "acknowledge", { atUs: nowUs, latching })
      : { kind: "same" as const };
  const life = step.kind === "moved" ? step.life : record.life;
  return { ...record, life, acknowledgement, changedUs: nowUs };
}

/**
 * Numbers of what was answered: so many that the hub does not ask again after them. It has at most 64 open ones of a gateway.
 */
const rememberedMax = 200;
/** Answers that are not on disk yet; with more the journal refuses, and the hub asks again. */
const underWayMax = 200;

/** Which of them were answered. */
export class AnsweredAtHub {
  #kept: readonly number[];
  readonly #underWay = new Set<number>();

  /** @param saved as `saved` said it */
  constructor(saved: readonly number[]) {
    this.#kept = saved;
  }

  /** Whether to answer it now. */
  isNew(id: number): boolean {
    return this.#underWay.size < underWayMax && !this.#underWay.has(id) && !this.#kept.includes(id);
  }

  answering(id: number): void {
    this.#underWay.add(id);
  }

  /** With the answers that go to the journal now. */
  saved(going: readonly { readonly event: Kept }[]): readonly number[] {
    const ids = going.flatMap(({ event }) => event.body.asked ?? []);
    const known = this.#kept.filter((id) => !ids.includes(id));
    return [...known, ...ids].slice(-rememberedMax);
  }

  /** They are on disk. */
  kept(answers: readonly { readonly event: Kept }[]): void {
    this.#kept = this.saved(answers);
    for (const { event } of answers) {
      if (event.body.asked !== undefined) this.#underWay.delete(event.body.asked);
    }
  }
}
