/**
 * What a hello means for what the hub knows of a gateway's life (no-loss protocol 8): ranks of epochs, those that have
 * ended, a journal that was lost, a second gateway with the same name. Pure, so that both stores decide alike.
 */
import type { Epoch, Hello, LaneMark, LedgerEntry } from "@millwright/wire-contract";

import type { ClockStep } from "./clock-steps.ts";
import { rankEpochs } from "./epoch-ranks.ts";
import { markFinder } from "./find-mark.ts";

export interface KnownEpoch {
  readonly epoch: Epoch;
  /** Undefined for one that is known from its frames alone. */
  readonly rank: number | undefined;
  readonly parent: Epoch | undefined;
  readonly startedUs: number;
  /** With the marks as they are now; undefined until a hello has named the epoch. */
  readonly completeUs: number | undefined;
  /** All that was made in it is here: no journal can be lost with something of it. */
  readonly ended: boolean;
  /** A hello of it has come although another gateway with this name had started later. */
  readonly fenced: boolean;
  /** Of the newest frame that the hub has of it; undefined when it has none. */
  readonly heard: ClockHeard | undefined;
  /** Moves of its clock of which the hub was told since it was complete. */
  readonly steps: readonly ClockStep[];
}

/** What a gateway's clock said when it sealed a frame, and the hub's when the frame came: not before it was sealed. */
export interface ClockHeard {
  readonly saidUs: number;
  readonly atUs: number;
}

export interface Meeting {
  /** New ones only. */
  readonly ranks: ReadonlyMap<Epoch, number>;
  /** Epochs named for the first time, and from where they are incomplete, µs. */
  readonly begins: ReadonlyMap<Epoch, number>;
  /** Epochs whose incomplete end a claim covers from now on, and up to when, µs. */
  readonly covered: ReadonlyMap<Epoch, number>;
  readonly ended: readonly Epoch[];
  /** The hub's own claims; they stand with the first epoch of the journal. */
  readonly claims: readonly LedgerEntry[];
  /** The epoch of the gateway that was started last. */
  readonly running: Epoch | undefined;
  /** The one that says hello is not that one, nor its successor. */
  readonly fenced: boolean;
}

/** The clock of a copy that nobody heard may have been set back: by a time zone, or a day. */
const setBackUs = 25 * 3_600_000_000;
/** What was in memory may have been measured this long before the newest frame was sealed. */
const inMemoryUs = 10_000_000;
/** What a gateway does not take for a step either: the way of a hello, and what a clock drifts. */
const noStepUs = 100_000;
/** Numbers of a gateway's own entries begin with 1. */
const hubsNumber = 0;

/**
 * @param known all epochs of the gateway
 * @param running the one that was started last, before this hello
 * @param marks as they will be answered
 * @param putBack epochs of the journal with heads below the marks that stand: another copy of it had gone on there
 * @param sameHub the gateway has met this incarnation before, so what it does not name it has released
 * @param nowUs the hub's clock: how long a claim may reach where the gateway's own was set back
 */
export function meetGateway(
  known: readonly KnownEpoch[],
  running: Epoch | undefined,
  hello: Hello,
  marks: readonly LaneMark[],
  putBack: ReadonlySet<Epoch>,
  sameHub: boolean,
  nowUs: number,
): Meeting {
  const byEpoch = new Map(known.map((one) => [one.epoch, one]));
  const given = new Map(
    known.flatMap(({ epoch, rank }) => (rank === undefined ? [] : [[epoch, rank] as const])),
  );
  const named = hello.epochs.map(({ epoch }) => epoch);
  const ranks = rankEpochs(
    hello.epochs,
    known.flatMap(({ rank, ...one }) => (rank === undefined ? [] : [{ ...one, rank }])),
    { saidUs: hello.nowUs, nowUs },
  );
  const own = named.at(-1);
  const ancestors = ancestorsOf(own, byEpoch, hello);
  const lost = claimLost(known, hello, nowUs);
  const fenced = isFenced(running, own, ancestors, (epoch) => ranks.get(epoch) ?? given.get(epoch));
  const isNews = own !== undefined && byEpoch.get(own)?.fenced !== true;
  const begun = rootOf(ancestors, own) !== rootOf(ancestorsOf(running, byEpoch, hello), running);
  return {
    ranks,
    begins: beginsOf(byEpoch, hello),
    covered: lost.covered,
    ended: endedOf(known, hello, marks, sameHub ? ancestors : new Set()),
    claims: [
      ...lost.claims,
      ...claimPutBack(byEpoch, hello, putBack, nowUs),
      ...(fenced && isNews && begun ? claimCopy(byEpoch, known, running, nowUs) : []),
    ],
    running: fenced ? running : (own ?? running),
    fenced,
  };
}

/** A first epoch that is not known is that of a journal that took the place of another one (8.4). */
function claimLost(
  known: readonly KnownEpoch[],
  hello: Hello,
  nowUs: number,
): Pick<Meeting, "claims" | "covered"> {
  const { journal } = hello;
  const covered = new Map<Epoch, number>();
  // Known from its frames alone, which the broker brought to a hub that was put back, it has claimed nothing yet.
  const isMet = known.some(({ epoch, rank }) => epoch === journal?.epoch && rank !== undefined);
  if (journal === undefined || isMet) return { claims: [], covered };
  // Each tells how far its own journal had come; one known from its frames alone tells nothing and began to be incomplete
  // with its first sample, which is not known either.
  const open = known.filter(({ ended, rank }) => !ended && rank !== undefined);
  if (open.length === 0) return { claims: [], covered };
  const sinceOf = ({ completeUs, startedUs }: KnownEpoch): number => completeUs ?? startedUs;
  const lives = open.map((one): Life => ({ ...one, sinceUs: sinceOf(one), movedBackUs: 0 }));
  // The newest time that is known of any epoch shows a clock that was set back even where its own epoch lost nothing.
  const newest: Life = { ...unheard, sinceUs: Math.max(...known.map(sinceOf)) };
  for (const { epoch } of open) covered.set(epoch, journal.startedUs);
  const claims = [claimLives("journal lost", [...lives, newest], journal.startedUs, hello, nowUs)];
  return { claims, covered };
}

/**
 * A start of a journal that was put back, or may have been: its own claim goes from its last commit to its start, by the
 * clock as it is now. What the clock did in what was lost only the hub has heard; and where it hears the clock set back, of
 * a journal that was put back what it had since may bear times of both (docs/adr/0038).
 */
function claimPutBack(
  known: ReadonlyMap<Epoch, KnownEpoch>,
  hello: Hello,
  putBack: ReadonlySet<Epoch>,
  nowUs: number,
): readonly LedgerEntry[] {
  let last: KnownEpoch | undefined;
  return hello.epochs.flatMap(({ epoch, parent, lastCommitUs, startedUs }) => {
    // The nearest before it that the hub knows: of those after that one it has heard nothing.
    last = (parent === undefined ? undefined : known.get(parent)) ?? last;
    const isMet = known.get(epoch)?.rank !== undefined;
    if (isMet || parent === undefined) return [];
    const wasPutBack = putBack.has(parent);
    const movedBackUs = setBackSince(last?.heard, hello, nowUs);
    if (!wasPutBack && movedBackUs === 0) return [];
    // What else the hub has heard is of what a journal that was not put back still has.
    const said = wasPutBack ? (last ?? unheard) : unheard;
    const life: Life = { ...unheard, ...said, sinceUs: lastCommitUs ?? startedUs, movedBackUs };
    return [claimLives("gateway down", [life], startedUs, hello, nowUs)];
  });
}

/** By how much a clock is behind where it was when it was heard, µs; 0 where it goes on as it did, or was set forward. */
function setBackSince(
  heard: ClockHeard | undefined,
  { nowUs: theirUs }: Hello,
  nowUs: number,
): number {
  if (heard === undefined || theirUs === undefined) return 0;
  // A frame was on its way before it was heard, so that the clock was ahead by as much, at least.
  const backUs = heard.saidUs - heard.atUs + (nowUs - theirUs);
  return backUs > noStepUs ? backUs : 0;
}

/**
 * A journal took the place of another one, and yet that one lives: so what was lost was a copy of it. A copy that never said
 * hello has left nothing by which the hub could tell when it began, so the claim is open to the past (docs/adr/0018).
 */
function claimCopy(
  byEpoch: ReadonlyMap<Epoch, KnownEpoch>,
  known: readonly KnownEpoch[],
  running: Epoch | undefined,
  nowUs: number,
): readonly LedgerEntry[] {
  const other = running === undefined ? undefined : byEpoch.get(running);
  if (other === undefined) return [];
  const starts = known.filter(({ rank }) => rank !== undefined).map(startOf);
  const firstUs = Math.min(...starts) - setBackUs;
  return [claim("restored copy", [[firstUs, Math.max(other.startedUs, nowUs)]])];
}

function startOf({ startedUs }: KnownEpoch): number {
  return startedUs;
}

/** A part of a gateway's life of which something may be lost. */
interface Life extends Pick<KnownEpoch, "heard" | "steps"> {
  /** By the clock of its time. */
  readonly sinceUs: number;
  /** By how much the clock was set back in it, as far as nobody was told, µs. */
  readonly movedBackUs: number;
}

const unheard: Omit<Life, "sinceUs"> = { heard: undefined, steps: [], movedBackUs: 0 };

/**
 * What was lost may bear times of a clock that was right, of the one that told `untilUs`, and of the one that was heard last
 * before it was lost.
 *
 * @param untilUs a start that the hello names
 */
function claimLives(
  reason: LedgerEntry["reason"],
  lives: readonly Life[],
  untilUs: number,
  { nowUs: theirUs }: Hello,
  nowUs: number,
): LedgerEntry {
  const offUs = theirUs === undefined ? 0 : nowUs - theirUs;
  return claim(
    reason,
    lives.flatMap(({ sinceUs, heard, steps, movedBackUs }) => [
      lostBetween(sinceUs, untilUs, nowUs),
      behind(sinceUs, untilUs, Math.max(0, offUs, movedBackUs)),
      ...steps.map(saidAt),
      // A clock that was set back does not tell when the start was.
      ...heardBetween(sinceUs, heard, untilUs < sinceUs ? nowUs : untilUs + offUs),
    ]),
  );
}

type Range = readonly [fromUs: number, toUs: number];

/** By a clock that is behind by so much, and by one that was right. */
function behind(sinceUs: number, untilUs: number, byUs: number): Range {
  return [sinceUs - byUs, untilUs + byUs];
}

function saidAt({ beforeUs, afterUs }: ClockStep): Range {
  return [Math.min(beforeUs, afterUs), Math.max(beforeUs, afterUs)];
}

function claim(reason: LedgerEntry["reason"], ranges: readonly Range[]): LedgerEntry {
  return {
    number: hubsNumber,
    reason,
    scope: { kind: "gateway" },
    fromUs: Math.min(...ranges.map(([fromUs]) => fromUs)),
    toUs: Math.max(...ranges.map(([, toUs]) => toUs)),
    count: { kind: "unknown" },
  };
}

/**
 * What the clock that was heard last said until the life was over.
 *
 * @param overUs by the hub's clock
 */
function heardBetween(
  sinceUs: number,
  heard: ClockHeard | undefined,
  overUs: number,
): readonly Range[] {
  if (heard === undefined) return [];
  const { saidUs, atUs } = heard;
  const wasSetBack = saidUs < sinceUs;
  return [[wasSetBack ? saidUs - inMemoryUs : sinceUs, saidUs + Math.max(0, overUs - atUs)]];
}

/**
 * Where the clock was set back in between, what was lost bears times of the old clock, or of the new one, which is behind
 * the hub's by as much as the new journal's first time is.
 */
function lostBetween(sinceUs: number, untilUs: number, nowUs: number): Range {
  if (untilUs >= sinceUs) return [sinceUs, untilUs];
  return [Math.min(untilUs, sinceUs - (nowUs - untilUs)), Math.max(sinceUs, nowUs)];
}

/**
 * Nothing of an epoch was made before its journal's last commit in the one before; and what was made before that the one
 * before answers for.
 */
function beginsOf(byEpoch: ReadonlyMap<Epoch, KnownEpoch>, hello: Hello): Map<Epoch, number> {
  const begins = new Map<Epoch, number>();
  for (const { epoch, parent, startedUs, lastCommitUs } of hello.epochs) {
    if (byEpoch.get(epoch)?.completeUs !== undefined) continue;
    const before =
      parent === undefined ? undefined : (byEpoch.get(parent)?.completeUs ?? begins.get(parent));
    const ownUs = parent === undefined ? startedUs : (lastCommitUs ?? startedUs);
    begins.set(epoch, Math.min(ownUs, before ?? ownUs));
  }
  return begins;
}

/** Epochs in which nothing is sealed any more and whose marks have reached their heads. */
function endedOf(
  known: readonly KnownEpoch[],
  hello: Hello,
  marks: readonly LaneMark[],
  released: ReadonlySet<Epoch>,
): readonly Epoch[] {
  const markOf = markFinder(marks);
  const named = new Set(hello.epochs.map(({ epoch }) => epoch));
  const reached = hello.epochs
    .slice(0, -1)
    .filter(({ epoch, lanes }) =>
      lanes.every(({ lane, headSeq }) => (markOf(epoch, lane)?.storedSeq ?? 0) >= headSeq),
    );
  // What its own journal no longer names was safe to the end.
  const gone = known.filter(
    ({ epoch, ended }) => !ended && released.has(epoch) && !named.has(epoch),
  );
  return [...reached.map(({ epoch }) => epoch), ...gone.map(({ epoch }) => epoch)];
}

function ancestorsOf(
  epoch: Epoch | undefined,
  known: ReadonlyMap<Epoch, KnownEpoch>,
  hello: Hello,
): ReadonlySet<Epoch> {
  const parents = new Map<Epoch, Epoch | undefined>();
  for (const one of known.values()) parents.set(one.epoch, one.parent);
  for (const { epoch: named, parent } of hello.epochs) parents.set(named, parent);
  const ancestors = new Set<Epoch>();
  // Who forges a circle of parents is only asked about it once.
  for (
    let at = epoch === undefined ? undefined : parents.get(epoch);
    at !== undefined && !ancestors.has(at);
    at = parents.get(at)
  ) {
    ancestors.add(at);
  }
  return ancestors;
}

/** The first epoch of a journal, as far as it is known. */
function rootOf(ancestors: ReadonlySet<Epoch>, epoch: Epoch | undefined): Epoch | undefined {
  return [...ancestors].at(-1) ?? epoch;
}

/** The one that was started last has the name; what follows from it, too. */
function isFenced(
  running: Epoch | undefined,
  own: Epoch | undefined,
  ancestors: ReadonlySet<Epoch>,
  rankOf: (epoch: Epoch) => number | undefined,
): boolean {
  if (running === undefined || own === undefined) return false;
  if (running === own || ancestors.has(running)) return false;
  return (rankOf(own) ?? 0) < (rankOf(running) ?? 0);
}
