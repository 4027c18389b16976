/** One time line of what is known of a gateway from several sources. Pure. */
import { floodsIn } from "@millwright/alarms";
import type { EndOfRun, LedgerEntry, LossReason } from "@millwright/wire-contract";

import type {
  AlarmPeakEntry,
  ConfigurationEntry,
  HearingEntry,
  HearingState,
  LossEntry,
  StartEntry,
  TimeLine,
} from "../time-line-views.ts";
import type { NotedState } from "./presence-changes.ts";

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

interface NotedPresence {
  readonly state: NotedState;
  readonly atUs: number;
}

interface StartedEpoch {
  readonly startedUs: number;
  /** The dictionary that was in force at its end; undefined where none came. */
  readonly dictionary: bigint | undefined;
  /** How the run before ended; undefined where the gateway has not said. */
  readonly endBefore?: EndOfRun | undefined;
}

/** All of it in the order of time. */
export interface TimeLineSources {
  /** From the one that held when the range began. */
  readonly presences: readonly NotedPresence[];
  /** Of all hubs that noted presences; the one that runs is whole up to now. They may overlap. */
  readonly runs: readonly Span[];
  /** From the one that ran when the range began. */
  readonly epochs: readonly StartedEpoch[];
  /** When a dictionary was sealed that had not been before, but for the first of all. */
  readonly newDictionaries: readonly { readonly hash: bigint; readonly atUs: number }[];
  readonly losses: readonly Pick<LedgerEntry, "reason" | "fromUs" | "toUs" | "count">[];
  /** When people were told of an alarm, rising. */
  readonly alarmsUs: readonly number[];
}

export function mergeTimeLine(
  sources: TimeLineSources,
  range: Span,
  nowUs: number,
): Pick<TimeLine, "entries" | "heardFromUs"> {
  const { presences, runs, epochs, newDictionaries, losses, alarmsUs } = sources;
  // What was noted before the first run that is known may have ended before it: nobody knows of the time between.
  const notedUs = Math.min(...runs.map(({ fromUs }) => fromUs));
  const heardFromUs = Math.min(notedUs, range.toUs);
  const heardIn = { fromUs: Math.max(notedUs, range.fromUs), toUs: range.toUs };
  const entries = [
    ...hearingOf(presences, awayOf(runs), heardIn, nowUs),
    ...epochs
      .filter(({ startedUs }) => isWithin(startedUs, range))
      .map(({ startedUs, endBefore: after }): StartEntry => {
        return { kind: "start", fromUs: startedUs, ...(after === undefined ? {} : { after }) };
      }),
    ...configurationsOf(epochs, newDictionaries).flatMap((atUs): ConfigurationEntry[] =>
      isWithin(atUs, range) ? [{ kind: "configuration", fromUs: atUs }] : [],
    ),
    ...lossesOf(losses, range),
    ...alarmPeaksOf(alarmsUs, range),
  ];
  return {
    entries: entries.toSorted((a, b) => a.fromUs - b.fromUs),
    ...(heardFromUs > range.fromUs ? { heardFromUs } : {}),
  };
}

function isWithin(us: number, { fromUs, toUs }: Span): boolean {
  return us >= fromUs && us <= toUs;
}

/** Between the runs nobody listened. Before the first nothing is known, and after the last there is nothing yet. */
function awayOf(runs: readonly Span[]): readonly Span[] {
  const away: Span[] = [];
  let heardUs = Infinity;
  for (const { fromUs, toUs } of runs.toSorted((a, b) => a.fromUs - b.fromUs)) {
    if (fromUs > heardUs) away.push({ fromUs: heardUs, toUs: fromUs });
    heardUs = Math.max(heardUs === Infinity ? toUs : heardUs, toUs);
  }
  return away;
}

/**
 * A hub that has started hears within this time of every gateway that is there, or knows that it does not: what is noted first
 * holds from its start on. Silence is told after 30 s.
 */
const settledUs = 35_000_000;

/** Who asks for all until now is answered a moment later. */
const presentUs = 2_000_000;

function hearingOf(
  presences: readonly NotedPresence[],
  away: readonly Span[],
  range: Span,
  nowUs: number,
): readonly HearingEntry[] {
  const noted = presences
    .map(({ state, atUs }) => {
      const just = away.find(({ toUs }) => atUs > toUs && atUs <= toUs + settledUs);
      const isFirst =
        just !== undefined && !presences.some((one) => one.atUs >= just.toUs && one.atUs < atUs);
      return { state, atUs: isFirst ? just.toUs : atUs };
    })
    .toSorted((a, b) => a.atUs - b.atUs);
  const endUs = Math.min(range.toUs, nowUs);
  const pieces: { state: HearingState; fromUs: number; toUs: number }[] = [];
  const add = (state: HearingState, from: number, to: number): void => {
    const [fromUs, toUs] = [Math.max(from, range.fromUs), Math.min(to, endUs)];
    if (toUs <= fromUs) return;
    const last = pieces.at(-1);
    if (last?.state === state && last.toUs === fromUs) last.toUs = toUs;
    else pieces.push({ state, fromUs, toUs });
  };
  const firstUs = noted[0]?.atUs ?? Infinity;
  let at = firstUs;
  for (const gap of [...away, { fromUs: Infinity, toUs: Infinity }]) {
    // Before it was heard for the first time a gateway is not missed.
    if (gap.toUs <= firstUs) continue;
    for (const [index, { state, atUs }] of noted.entries()) {
      const untilUs = Math.min(noted[index + 1]?.atUs ?? Infinity, gap.fromUs);
      add(state, Math.max(atUs, at), untilUs);
    }
    add("hub away", Math.max(gap.fromUs, at), gap.toUs);
    at = gap.toUs;
  }
  return pieces.map(({ state, fromUs, toUs }): HearingEntry => {
    const lasts = toUs === endUs && nowUs - endUs < presentUs;
    return { kind: "hearing", state, fromUs, ...(lasts ? {} : { toUs }) };
  });
}

/** When the list of tags became another one: while the gateway ran, or with its start. */
function configurationsOf(
  epochs: readonly StartedEpoch[],
  fresh: TimeLineSources["newDictionaries"],
): readonly number[] {
  const freshUs = new Map(fresh.map(({ hash, atUs }) => [hash, atUs]));
  const withStart: number[] = [];
  let before: bigint | undefined;
  for (const { startedUs, dictionary } of epochs) {
    if (dictionary === undefined) continue;
    const isOther = before !== undefined && dictionary !== before;
    // One that had not been there before is counted when it was sealed; this one came back, or is older than that is noted.
    const isCounted = (freshUs.get(dictionary) ?? -Infinity) >= startedUs;
    if (isOther && !isCounted) withStart.push(startedUs);
    before = dictionary;
  }
  return [...fresh.map(({ atUs }) => atUs), ...withStart];
}

/** Losses of one reason that are closer than a pixel or two of a wide screen are one. */
const closeShare = 1 / 500;

function lossesOf(losses: TimeLineSources["losses"], range: Span): readonly LossEntry[] {
  const closeUs = (range.toUs - range.fromUs) * closeShare;
  const joined: LossEntry[] = [];
  const open = new Map<LossReason, number>();
  for (const { reason, count, ...span } of losses.toSorted((a, b) => a.fromUs - b.fromUs)) {
    const fromUs = Math.max(span.fromUs, range.fromUs);
    const toUs = Math.min(span.toUs, range.toUs);
    const index = open.get(reason);
    const last = index === undefined ? undefined : joined[index];
    const isClose = last !== undefined && fromUs - last.toUs <= closeUs;
    const base = isClose ? last : { fromUs, toUs, entries: 0, samples: 0, uncounted: 0 };
    const entry: LossEntry = {
      ...{ kind: "loss", reason, fromUs: base.fromUs, toUs: Math.max(base.toUs, toUs) },
      entries: base.entries + 1,
      samples: base.samples + (count.kind === "unknown" ? 0 : count.samples),
      uncounted: base.uncounted + (count.kind === "unknown" ? 1 : 0),
    };
    const place = isClose && index !== undefined ? index : joined.length;
    joined[place] = entry;
    open.set(reason, place);
  }
  return joined;
}

/** The window in which ISA-18.2 counts. */
const windowUs = 600_000_000;

function alarmPeaksOf(alarmsUs: readonly number[], range: Span): readonly AlarmPeakEntry[] {
  return floodsIn(alarmsUs, range.toUs).flatMap(({ fromUs, toUs }): AlarmPeakEntry[] => {
    if (toUs < range.fromUs) return [];
    // Those that made it one came before it was one.
    const alarms = alarmsUs.filter((us) => us > fromUs - windowUs && us <= toUs).length;
    return [{ kind: "alarm peak", fromUs: Math.max(fromUs, range.fromUs), toUs, alarms }];
  });
}
