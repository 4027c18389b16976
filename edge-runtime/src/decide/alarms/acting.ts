/** What an act of a person does to an alarm, or why it does not. Pure. */
import {
  isCovered,
  shelvedUntil,
  shelvingRefusal,
  stateOf,
  type AlarmHappening,
} from "@millwright/alarms";
import type { Refused } from "@millwright/kit";
import type { AlarmState } from "@millwright/wire-contract/events";

import type { AlarmAct, AlarmActor } from "../../hand-over.ts";
import type { AlarmRecord } from "./alarm-record.ts";
import type { AlarmDefinition } from "./definition.ts";

export type ActDecision =
  | { readonly kind: "done" }
  | {
      readonly kind: "happens";
      readonly happening: AlarmHappening;
      readonly untilUs?: number;
      /** Of `shelve`: it ends when the condition goes, and at `untilUs` at the latest. */
      readonly untilClear?: true;
      /** Of the person: a reason, or the work order. */
      readonly reason?: string;
    }
  | Refused;

export function decideAct(
  act: Exclude<AlarmAct, { readonly act: "note" }>,
  actor: AlarmActor,
  definition: AlarmDefinition,
  { life }: AlarmRecord,
  nowUs: number,
): ActDecision {
  const state = stateOf(life);
  switch (act.act) {
    case "acknowledge":
      if (isCovered(state)) {
        return refused(`It is ${coverWords(state)}, and comes back unacknowledged.`);
      }
      if (life.raisedUs > act.raisedUs) {
        return refused("It has come again since. Look at it once more, then acknowledge.");
      }
      if (life.raisedUs !== act.raisedUs) return { kind: "done" };
      return { kind: "happens", happening: "acknowledge" };
    case "reset":
      if (state === "returned" && definition.class.latching) {
        return refused("It has to be acknowledged before it is reset.");
      }
      if (life.holds) return refused("Its condition still holds, so it cannot be reset.");
      return { kind: "happens", happening: "reset" };
    case "shelve":
    case "shelve-until":
    case "shelve-until-clear": {
      if (state === "suppressed" || state === "out-of-service") {
        return refused(`It is ${coverWords(state)} already.`);
      }
      const { shelveHoursMax } = definition.class;
      const isOnce = act.act === "shelve-until-clear";
      if (isOnce && !life.holds) {
        return refused("Its condition does not hold now. Shelve it for a time.");
      }
      const untilUs =
        act.act === "shelve-until"
          ? act.untilUs
          : shelvedUntil(nowUs, isOnce ? shelveHoursMax * 60 : act.minutes);
      const reason = shelvingRefusal({
        priority: definition.priority,
        shelveHoursMax,
        nowUs,
        untilUs,
        reason: act.reason,
        supervisor: actor.supervisor,
      });
      if (reason !== undefined) return refused(reason);
      return {
        ...{ kind: "happens", happening: "shelve", reason: act.reason.trim() },
        untilUs,
        ...(isOnce ? { untilClear: true } : {}),
      };
    }
    case "unshelve":
      return { kind: "happens", happening: "unshelve" };
    case "take-out-of-service": {
      const workOrder = act.workOrder.trim();
      if (workOrder === "") return refused("Taking it out of service needs a work order number.");
      return { kind: "happens", happening: "take-out-of-service", reason: workOrder };
    }
    case "return-to-service":
      return { kind: "happens", happening: "return-to-service" };
  }
}

/** What covers it, as a sentence says it. */
export function coverWords(state: AlarmState): string {
  return state === "out-of-service" ? "out of service" : state;
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
