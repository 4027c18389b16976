/**
 * How an alarm system does: every number of ux-guide section 5, from the transitions of its alarms. For a gateway, a
 * site or a fleet: whoever asks gives the transitions of all of them.
 */
import type { AlarmEvent, AlarmPriority } from "@millwright/wire-contract/events";

import { floodBeginsAbove, floodEndsBelow, floodWindowUs } from "./rate-window.ts";
import { chatterActivations, chatterWindowUs, fleetingUs, standingUs } from "./repeaters.ts";

/** One transition as the journal keeps it. */
export interface AlarmMoment {
  /** The gateway: floods and chatter are of one gateway, never the sum of two that have nothing to do with each other. */
  readonly gateway: string;
  readonly alarm: string;
  readonly atUs: number;
  readonly event: Pick<
    AlarmEvent,
    "transition" | "state" | "priority" | "raisedUs" | "person" | "reason"
  >;
}

export interface KpiRange {
  readonly fromUs: number;
  readonly toUs: number;
  /** People on shift who share the alarms. */
  readonly operators: number;
}

export interface AlarmKpis {
  /** Times that people were told of an alarm. */
  readonly alarms: number;
  /** Aim: at most 144. */
  readonly perOperatorPerDay: number;
  /** For one operator; aim: at most 6. */
  readonly perOperatorPerHour: number;
  /** Of windows of ten minutes, those with more than ten alarms on a gateway; 0..1, aim: under 0.01. */
  readonly busyWindowShare: number;
  /** Most alarms in any ten minutes on one gateway; aim: at most 10. */
  readonly peakInTenMinutes: number;
  /** Share of time in flood, mean of the gateways; 0..1, aim: under 0.01. */
  readonly floodShare: number;
  readonly floods: number;
  /** The ten that come most often, and their share of all; aim: at most 0.05. */
  readonly frequent: readonly {
    readonly gateway: string;
    readonly alarm: string;
    readonly count: number;
  }[];
  readonly frequentShare: number;
  /** Alarms that chattered, and alarms that were gone within seconds; aim: 0. */
  readonly chattering: number;
  readonly fleeting: number;
  /** Active for more than a day at the end of the range; aim: under 5. */
  readonly standing: number;
  /** 0..1 by priority 1 to 3; aim: near 0.05, 0.15, 0.80. */
  readonly priorityShares: readonly [number, number, number];
  /** Covers that nobody stands for: shelved without person or reason, suppressed without a rule, out of service without a work order. Aim: 0. */
  readonly coveredWithoutPermission: number;
  /** From being told to the acknowledgement, s; NaN when nothing was acknowledged. */
  readonly acknowledgedAfterMedianS: number;
  readonly acknowledgedAfterP95S: number;
}

/** People are told of an alarm: it comes, or it comes back from beneath a cover. */
export function isActivation(event: Pick<AlarmEvent, "transition" | "state">): boolean {
  return (
    event.state === "unacknowledged" &&
    (event.transition === "raised" ||
      event.transition === "unshelved" ||
      event.transition === "unsuppressed" ||
      event.transition === "returned-to-service")
  );
}

/**
 * @param moments in any order; those before the range tell which alarms stood when it began, and count for nothing else
 */
export function kpisOf(moments: Iterable<AlarmMoment>, range: KpiRange): AlarmKpis {
  const sorted = [...moments]
    .filter(({ atUs }) => atUs < range.toUs)
    .toSorted((a, b) => a.atUs - b.atUs);
  const within = sorted.filter(({ atUs }) => atUs >= range.fromUs);
  const told = within.filter(({ event }) => isActivation(event));
  const spanUs = Math.max(1, range.toUs - range.fromUs);
  const perOperator = told.length / Math.max(1, range.operators);

  const byGateway = groupBy(told, ({ gateway }) => gateway);
  const times = [...byGateway.values()].map((list) => list.map(({ atUs }) => atUs));
  const gateways = new Set(sorted.map(({ gateway }) => gateway)).size;
  const floods = times.flatMap((list) => floodsIn(list, range.toUs));
  const byAlarm = groupBy(told, ({ gateway, alarm }) => `${gateway} ${alarm}`);
  const frequent = [...byAlarm.values()]
    .flatMap((list) => {
      const [first] = list;
      return first === undefined
        ? []
        : [{ gateway: first.gateway, alarm: first.alarm, count: list.length }];
    })
    .toSorted((a, b) => b.count - a.count || (a.alarm < b.alarm ? -1 : 1))
    .slice(0, frequentMax);
  const waits = acknowledgedAfterS(within);

  return {
    alarms: told.length,
    perOperatorPerDay: (perOperator * dayUs) / spanUs,
    perOperatorPerHour: (perOperator * hourUs) / spanUs,
    busyWindowShare: busyWindows(times, range) / Math.max(1, gateways * windowsIn(range)),
    peakInTenMinutes: Math.max(0, ...times.map(peakOf)),
    floodShare:
      floods.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0) /
      (spanUs * Math.max(1, gateways)),
    floods: floods.length,
    frequent,
    frequentShare: share(
      frequent.reduce((sum, { count }) => sum + count, 0),
      told.length,
    ),
    chattering: [...byAlarm.values()].filter(chatters).length,
    fleeting: fleetingIn(within),
    standing: standingAt(sorted, range.toUs),
    priorityShares: priorityShares(told.map(({ event }) => event.priority)),
    coveredWithoutPermission: within.filter(({ event }) => lacksPermission(event)).length,
    acknowledgedAfterMedianS: quantile(waits, 0.5),
    acknowledgedAfterP95S: quantile(waits, 0.95),
  };
}

const hourUs = 3_600_000_000;
const dayUs = 24 * hourUs;
const frequentMax = 10;

/** Aims of the guide, for pages that compare. */
export const kpiAims = {
  perOperatorPerDay: 144,
  perOperatorPerHour: 6,
  busyWindowShare: 0.01,
  peakInTenMinutes: 10,
  floodShare: 0.01,
  frequentShare: 0.05,
  chattering: 0,
  fleeting: 0,
  standing: 5,
  coveredWithoutPermission: 0,
  priorityShares: [0.05, 0.15, 0.8],
} as const;

/** When priority 1 is said so often, it says nothing any more (ux-guide 5). */
export const urgentShareMax = 0.1;

/** Of alarms as they are configured, or as they came. */
export function priorityShares(
  priorities: readonly AlarmPriority[],
): readonly [number, number, number] {
  const of = (one: AlarmPriority): number =>
    share(priorities.filter((priority) => priority === one).length, priorities.length);
  return [of(1), of(2), of(3)];
}

interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Floods in the times of activations of one gateway: from the alarm that is one too many in ten minutes, to when fewer than
 * five came in the last ten.
 *
 * @param timesUs rising
 */
export function floodsIn(timesUs: readonly number[], endUs: number): readonly Span[] {
  const floods: Span[] = [];
  for (let at = 0; at < timesUs.length; at++) {
    const fromUs = timesUs[at] ?? 0;
    const oldest = timesUs[at - floodBeginsAbove];
    if (oldest === undefined || fromUs - oldest >= floodWindowUs) continue;
    let toUs = endUs;
    for (; at < timesUs.length; at++) {
      // When the fifth newest leaves the window and no other has come by then, fewer than five are left in it.
      const leavesUs = (timesUs[at - (floodEndsBelow - 1)] ?? 0) + floodWindowUs;
      const next = timesUs[at + 1];
      if (next !== undefined && next <= leavesUs) continue;
      toUs = Math.min(endUs, leavesUs);
      break;
    }
    floods.push({ fromUs, toUs });
  }
  return floods;
}

function peakOf(timesUs: readonly number[]): number {
  let peak = 0;
  for (let from = 0, to = 0; to < timesUs.length; to++) {
    while ((timesUs[to] ?? 0) - (timesUs[from] ?? 0) >= floodWindowUs) from++;
    peak = Math.max(peak, to - from + 1);
  }
  return peak;
}

function windowsIn({ fromUs, toUs }: KpiRange): number {
  return Math.max(1, Math.ceil((toUs - fromUs) / floodWindowUs));
}

function busyWindows(times: readonly (readonly number[])[], range: KpiRange): number {
  let busy = 0;
  for (const list of times) {
    const counts = new Map<number, number>();
    for (const atUs of list) {
      const window = Math.floor((atUs - range.fromUs) / floodWindowUs);
      counts.set(window, (counts.get(window) ?? 0) + 1);
    }
    for (const count of counts.values()) if (count > floodBeginsAbove) busy += 1;
  }
  return busy;
}

function chatters(list: readonly AlarmMoment[]): boolean {
  const last = chatterActivations - 1;
  return list.some(({ atUs }, at) => {
    const first = list[at - last];
    return first !== undefined && atUs - first.atUs < chatterWindowUs;
  });
}

/** Alarms that at least once were gone again before anybody could have acted. */
function fleetingIn(moments: readonly AlarmMoment[]): number {
  const fleeting = new Set<string>();
  for (const { gateway, alarm, atUs, event } of moments) {
    const gone = event.transition === "returned" && event.raisedUs > 0;
    if (gone && atUs - event.raisedUs < fleetingUs) fleeting.add(`${gateway} ${alarm}`);
  }
  return fleeting.size;
}

function standingAt(moments: readonly AlarmMoment[], atUs: number): number {
  const newest = new Map<string, AlarmMoment>();
  for (const moment of moments) {
    if (moment.event.transition === "noted") continue;
    newest.set(`${moment.gateway} ${moment.alarm}`, moment);
  }
  return [...newest.values()].filter(
    ({ event }) =>
      (event.state === "unacknowledged" || event.state === "acknowledged") &&
      atUs - event.raisedUs > standingUs,
  ).length;
}

/** Of each occurrence once: a second person, here or at the hub, makes nobody slower. */
function acknowledgedAfterS(moments: readonly AlarmMoment[]): readonly number[] {
  const first = new Map<string, number>();
  for (const { gateway, alarm, atUs, event } of moments) {
    if (event.transition !== "acknowledged" || event.raisedUs <= 0) continue;
    const occurrence = JSON.stringify([gateway, alarm, event.raisedUs]);
    const afterS = Math.max(0, (atUs - event.raisedUs) / 1e6);
    first.set(occurrence, Math.min(afterS, first.get(occurrence) ?? Infinity));
  }
  return [...first.values()].toSorted((a, b) => a - b);
}

function lacksPermission({ transition, person, reason }: AlarmMoment["event"]): boolean {
  const named = (text: string | undefined): boolean => text !== undefined && text.trim() !== "";
  if (transition === "suppressed") return !named(reason);
  if (transition !== "shelved" && transition !== "taken-out-of-service") return false;
  return !named(person) || !named(reason);
}

/** By nearest rank. @param sorted rising */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function groupBy<T>(list: readonly T[], keyOf: (each: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of list) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}
