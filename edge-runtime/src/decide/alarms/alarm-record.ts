/** All that is remembered of one alarm: its life, and what was true when it changed. Plain data, kept over restarts. */
import { newLife, stateOf, type Acknowledgement, type AlarmLife } from "@millwright/alarms";
import type { AlarmEvent, AlarmNote, AlarmRow, NewEvent } from "@millwright/wire-contract/events";

import type { SavedState } from "../../hand-over.ts";
import type { AlarmDefinition, NotedFault } from "./definition.ts";
import type { MachineOrigin } from "./machine-definition.ts";

export interface AlarmRecord {
  readonly life: AlarmLife;
  /** Its newest transition, µs; 0 before the first. */
  readonly changedUs: number;
  /** Rises with each condition that comes on this gateway. */
  readonly cameAs: number;
  /** Of the newest raising. */
  readonly message: string;
  readonly value?: number;
  readonly limit?: number;
  readonly acknowledgement?: Acknowledgement;
  /** Of an alarm that a machine owns, and when it came by the machine's clock, µs. */
  readonly origin?: MachineOrigin;
  readonly machineUs?: number;
  /** Who or what covers it; those that lie beneath another as well. */
  readonly covers: Covers;
}

export interface Cover {
  readonly person?: string;
  readonly reason?: string;
  /** The machine that owns the alarm has it too, and says when it ends. */
  readonly atMachine?: true;
}

export type Covers = Readonly<Partial<Record<"shelved" | "suppressed" | "out-of-service", Cover>>>;

export function newRecord(definition: AlarmDefinition): AlarmRecord {
  return { life: newLife, changedUs: 0, cameAs: 0, message: definition.message, covers: {} };
}

/**
 * What the journal keeps of a transition.
 *
 * @param raisedUs the occurrence that it is about, also when it ended with it
 * @param by who or what made it
 */
export function toEvent(
  definition: AlarmDefinition,
  record: AlarmRecord,
  transition: AlarmEvent["transition"],
  raisedUs: number,
  by: Cover,
): NewEvent & { readonly kind: "alarm" } {
  const { life, message, value, limit, machineUs } = record;
  const { person, reason } = by;
  const body: AlarmEvent = {
    transition,
    state: stateOf(life),
    priority: definition.priority,
    message,
    raisedUs,
    class: definition.class.name,
    ...(definition.group === "" ? {} : { group: definition.group }),
    ...(definition.tag === undefined ? {} : { tag: definition.tag }),
    ...(value === undefined ? {} : { value }),
    ...(limit === undefined ? {} : { limit }),
    ...(definition.unit === "" ? {} : { unit: definition.unit }),
    ...(person === undefined ? {} : { person }),
    ...(reason === undefined ? {} : { reason }),
    ...shelfOf(life),
    ...(definition.source === undefined ? {} : { source: definition.source }),
    ...(machineUs === undefined ? {} : { machineUs }),
  };
  const { asset, id } = definition;
  return { kind: "alarm", atUs: record.changedUs, asset, subject: id, body };
}

/** What a person writes about an alarm, which changes nothing of it: the open occurrence, or the alarm itself. */
export function noteEvent(
  definition: AlarmDefinition,
  record: AlarmRecord,
  note: AlarmNote,
  atUs: number,
): NewEvent & { readonly kind: "alarm" } {
  const event = toEvent(definition, record, "annotated", record.life.raisedUs, byOf(record));
  return { ...event, atUs, body: { ...event.body, note } };
}

/** What a machine said that nobody has to act on. */
export function notedEvent(
  { id, asset, message, tag }: Pick<NotedFault, "id" | "asset" | "message"> & Partial<NotedFault>,
  atUs: number,
): NewEvent & { readonly kind: "alarm" } {
  const body: AlarmEvent = {
    ...{ transition: "noted", state: "normal", priority: 3, message, raisedUs: 0 },
    ...(tag === undefined ? {} : { tag }),
    source: "machine",
  };
  return { kind: "alarm", atUs, asset, subject: id, body };
}

/** An alarm that is open and stands in no settings any more would be open at the hub for ever. */
export function removedEvents(
  records: ReadonlyMap<string, AlarmRecord>,
  isThere: (alarm: string) => boolean,
  atUs: number,
): readonly (NewEvent & { readonly kind: "alarm" })[] {
  return [...records].flatMap(([id, { life, message }]) => {
    if (isThere(id) || stateOf(life) === "normal") return [];
    const body: AlarmEvent = {
      ...{ transition: "returned", state: "normal", priority: 3, message },
      raisedUs: life.raisedUs,
      reason: "no longer in the settings",
    };
    return [{ kind: "alarm" as const, atUs, asset: "", subject: id, body }];
  });
}

/** Who covers it, or who acknowledged the open occurrence. */
function byOf({ life, covers, acknowledgement }: AlarmRecord): Cover {
  const state = stateOf(life);
  if (state === "shelved" || state === "suppressed" || state === "out-of-service") {
    return covers[state] ?? {};
  }
  if (!life.acknowledged || acknowledgement?.raisedUs !== life.raisedUs) return {};
  return { person: acknowledgement.person };
}

/** When its shelf ends, as events and rows say it. */
function shelfOf(life: AlarmLife): Pick<AlarmEvent, "untilUs" | "untilClear"> {
  if (life.shelvedUntilUs === 0) return {};
  return {
    untilUs: life.shelvedUntilUs,
    ...(life.shelvedUntilClear ? { untilClear: true } : {}),
  };
}

/** What is told besides by whoever watches the condition and counts. */
export type RowExtras = Pick<AlarmRow, "chatter" | "standing" | "firstOut"> & {
  readonly held: string;
};

export function toRow(
  definition: AlarmDefinition,
  record: AlarmRecord,
  { held, ...extras }: RowExtras,
): AlarmRow {
  const { life, changedUs, message, value, limit, machineUs } = record;
  const { person, reason } = byOf(record);
  const { id, asset, priority, group, tag, unit } = definition;
  const { name, action, consequence, causes, respondMin, latching, shelveHoursMax } =
    definition.class;
  return {
    ...{ id, asset, priority, message, group, changedUs, class: name },
    state: stateOf(life),
    raisedUs: life.raisedUs,
    holds: life.holds,
    ...(held === "" ? {} : { held }),
    ...(tag === undefined ? {} : { tag }),
    ...(value === undefined ? {} : { value }),
    ...(limit === undefined ? {} : { limit }),
    ...(unit === "" ? {} : { unit }),
    ...{ action, consequence, causes, respondMin, latching, shelveHoursMax },
    ...(person === undefined ? {} : { person }),
    ...(reason === undefined ? {} : { reason }),
    ...shelfOf(life),
    ...(definition.source === undefined ? {} : { source: definition.source }),
    ...(machineUs === undefined ? {} : { machineUs }),
    ...extras,
  };
}

/** What is saved of all alarms. Alarms of which nothing has ever happened are left out. */
export function toSaved(
  definitions: readonly AlarmDefinition[],
  records: readonly AlarmRecord[],
  today: { readonly dayUs: number; readonly count: number },
  answered: readonly number[],
): SavedState {
  const alarms: Record<string, SavedState> = {};
  for (const [place, definition] of definitions.entries()) {
    const record = records[place];
    if (record === undefined || record.changedUs === 0) continue;
    const { life, acknowledgement, covers, ...rest } = record;
    alarms[definition.id] = {
      ...rest,
      life: { ...life },
      covers: { ...covers } as SavedState,
      ...(acknowledgement === undefined ? {} : { acknowledgement: { ...acknowledgement } }),
    };
  }
  return { version: 1, today: { ...today }, alarms, answered };
}

export interface SavedAlarms {
  readonly today: { readonly dayUs: number; readonly count: number };
  readonly records: ReadonlyMap<string, AlarmRecord>;
  /** Numbers of what people at the hub asked for, and have an answer to. */
  readonly answered: readonly number[];
}

/** Written by `toSaved` of this version or an older one. */
export function fromSaved(state: SavedState | undefined): SavedAlarms {
  const records = new Map<string, AlarmRecord>();
  let today = { dayUs: 0, count: 0 };
  let answered: readonly number[] = [];
  if (isObject(state) && state["version"] === 1) {
    if (isObject(state["today"])) today = state["today"] as unknown as typeof today;
    const alarms = isObject(state["alarms"]) ? state["alarms"] : {};
    for (const [id, record] of Object.entries(alarms)) {
      const read = record as unknown as AlarmRecord;
      // What a life did not have in an older version is as in one of which nothing has happened.
      records.set(id, { ...read, life: { ...newLife, ...read.life } });
    }
    if (Array.isArray(state["answered"])) answered = state["answered"] as readonly number[];
  }
  return { today, records, answered };
}

function isObject(
  state: SavedState | undefined,
): state is { readonly [key: string]: SavedState } & object {
  return typeof state === "object" && state !== null && !Array.isArray(state);
}
