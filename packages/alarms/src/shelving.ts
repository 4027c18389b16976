/** Who may shelve what, for how long, and when a shelf is over (ux-guide 5). */
import type { AlarmPriority } from "@millwright/wire-contract/events";

import type { AlarmLife } from "./life.ts";

const minuteUs = 60_000_000;

/** A shift: what a class says nothing else about. */
export const shelveHoursDefault = 8;

export interface Shelving {
  readonly priority: AlarmPriority;
  readonly shelveHoursMax: number;
  readonly nowUs: number;
  readonly untilUs: number;
  readonly reason: string;
  readonly supervisor: boolean;
}

/** @returns why it may not be shelved so; undefined when it may */
export function shelvingRefusal(asked: Shelving): string | undefined {
  if (asked.reason.trim() === "") return "Shelving needs a reason.";
  if (!(asked.untilUs > asked.nowUs)) return "Shelving needs a time that is not over.";
  if (asked.untilUs > shelvedUntil(asked.nowUs, asked.shelveHoursMax * 60)) {
    return `Alarms of this class may be shelved for at most ${asked.shelveHoursMax} h.`;
  }
  if (asked.priority === 1 && !asked.supervisor) {
    return "Only a supervisor may shelve an alarm of priority 1.";
  }
  return undefined;
}

export function shelvedUntil(nowUs: number, minutes: number): number {
  return nowUs + minutes * minuteUs;
}

/**
 * Why a shelf is over: its time has passed, or the condition that it was to outlast has gone (the one-shot shelf of OPC
 * 10000-9, 5.8.17, which has a longest time here as well).
 *
 * @returns undefined while it lasts, and where there is none
 */
export function shelfOver(
  life: Pick<AlarmLife, "holds" | "shelvedUntilUs" | "shelvedUntilClear">,
  nowUs: number,
): "time" | "clear" | undefined {
  if (life.shelvedUntilUs === 0) return undefined;
  if (life.shelvedUntilClear && !life.holds) return "clear";
  return life.shelvedUntilUs <= nowUs ? "time" : undefined;
}
