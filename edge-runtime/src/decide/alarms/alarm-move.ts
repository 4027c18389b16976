/** What becomes of an alarm to which something happens, and what is told of it. Pure. */
import { stepLife, transitionOf, type AlarmHappening } from "@millwright/alarms";
import type { NewEvent } from "@millwright/wire-contract/events";

import { toEvent, type AlarmRecord } from "./alarm-record.ts";
import type { AlarmDefinition } from "./definition.ts";
import type { CoverBy } from "./machine-covers.ts";

/** What changes of an alarm beside its life. */
export type MoveChange = Partial<
  Pick<AlarmRecord, "value" | "limit" | "cameAs" | "acknowledgement">
>;
/** Who or what moves it. `latching`: whether it waits without its condition, where its class does not say. */
export type MoveBy = CoverBy & { readonly latching?: boolean };

export interface AlarmMove {
  /** The alarm after it. */
  readonly record: AlarmRecord;
  readonly event: NewEvent & { readonly kind: "alarm" };
}

const coveredBy: Readonly<Partial<Record<AlarmHappening, keyof AlarmRecord["covers"]>>> = {
  shelve: "shelved",
  suppress: "suppressed",
  "take-out-of-service": "out-of-service",
};

/** Undefined where nothing becomes of it. */
export function moveAlarm(
  definition: AlarmDefinition,
  before: AlarmRecord,
  happening: AlarmHappening,
  atUs: number,
  change: MoveChange = {},
  by: MoveBy = {},
): AlarmMove | undefined {
  const { untilUs, untilClear, latching = definition.class.latching, ...cover } = by;
  const step = stepLife(before.life, happening, {
    atUs,
    latching,
    ...(untilUs === undefined ? {} : { untilUs }),
    ...(untilClear === undefined ? {} : { untilClear }),
  });
  // A second name for what is acknowledged already is kept as well: both have done it.
  if (step.kind === "same" && happening !== "acknowledge") return undefined;
  const life = step.kind === "moved" ? step.life : before.life;
  const covered = coveredBy[happening];
  const covers = covered === undefined ? before.covers : { ...before.covers, [covered]: cover };
  const record: AlarmRecord = { ...before, ...change, covers, life, changedUs: atUs };
  // Of what ends an occurrence it says which.
  const raisedUs = life.raisedUs > 0 ? life.raisedUs : before.life.raisedUs;
  const event = toEvent(definition, record, transitionOf[happening], raisedUs, cover);
  return { record, event };
}
