import { interruptsHold, isFilled, widths, type WidthUs } from "@millwright/aggregates";
import { reducePerColumn } from "@millwright/kit";
import type { LedgerEntry, LossReason, TagDefinition } from "@millwright/wire-contract";
import type { CoarserPart, HistoryTier } from "@millwright/wire-contract/history";

import type { StoreDoor } from "../questions.ts";
import { LinePoints, pushBuckets } from "./bucket-points.ts";
import type { ChartRange, LineSlice } from "./line-slice.ts";
import type { ReadCursor } from "./reading.ts";
import type { RollupSlice } from "./rollup-reading.ts";

/**
 * The line of one tag for a chart, of all tiers. A column as wide as a bucket is drawn from buckets, whose least and
 * greatest value are those of the samples; hours that have no buckets yet are drawn from samples, and hours whose samples
 * have gone from the finest buckets that there are. It runs in the caller's thread and asks the thread of the journal
 * for one slice after the other, each reduced over there.
 */
export interface ChartLine {
  readonly tier: HistoryTier;
  readonly coarser: readonly CoarserPart[];
  readonly gaps: readonly LedgerEntry[];
  readonly times: Float64Array;
  readonly values: Float64Array;
}

type Ask = StoreDoor["ask"];

interface Scope {
  readonly ask: Ask;
  readonly tag: TagDefinition;
  readonly range: ChartRange;
  readonly signal: AbortSignal;
  readonly points: LinePoints;
}

/** @param signal nobody waits for the line any more: the next slice is not asked for, and it rejects */
export async function readChartLine(
  ask: Ask,
  tag: TagDefinition,
  range: ChartRange,
  signal: AbortSignal,
): Promise<ChartLine> {
  const scope: Scope = { ask, tag, range, signal, points: new LinePoints() };
  const { fromUs, toUs, columns } = range;
  const hours = { from: Math.floor(fromUs / widths.hour), to: Math.floor(toUs / widths.hour) + 1 };
  const widthUs = widthFor((toUs - fromUs) / columns);
  const left = widthUs === undefined ? [hours] : await readBuckets(scope, widthUs, hours);
  for (const run of left) await readSamples(scope, run);
  const coarser = await readThinned(scope, left);
  const claims = await ask("gaps", { device: tag.device, tag: tag.id }, fromUs, toUs);
  const { times, values } = scope.points.columns();
  const gaps = emptyOf(claims, { times, values, ...range });
  const breaks = gaps.filter(({ reason }) => interruptsHold(reason));
  const status = new Uint32Array(times.length);
  return {
    tier: tierOf(widthUs, left, hours),
    coarser,
    gaps,
    ...reducePerColumn(times, values, status, fromUs, toUs, columns, breaks),
  };
}

/** Nothing came meanwhile, so whatever stands there was read later. */
const emptyAtFirst: ReadonlySet<LossReason> = new Set([
  "gateway down",
  "device unreachable",
  "link lost",
  "journal lost",
]);

/**
 * Claims without those that were filled since, from a device's own history: a chart hatches what is not known. Of a chart
 * whose points lie further apart than a gap is long it goes on being one. What counts its samples stands as it was counted.
 */
function emptyOf(
  claims: readonly LedgerEntry[],
  line: ChartRange & { readonly times: Float64Array; readonly values: Float64Array },
): readonly LedgerEntry[] {
  const mayBeFilled = ({ reason, count }: LedgerEntry): boolean =>
    count.kind !== "exact" && emptyAtFirst.has(reason);
  if (!claims.some(mayBeFilled)) return claims;
  const known = line.times.filter((_, at) => Number.isFinite(line.values[at])).sort();
  return claims.filter((claim) => {
    if (!mayBeFilled(claim)) return true;
    const fromUs = Math.max(claim.fromUs, line.fromUs);
    const toUs = Math.min(claim.toUs, line.toUs);
    return toUs <= fromUs || !isFilled({ fromUs, toUs }, known);
  });
}

/** `to` excluded. */
interface Hours {
  readonly from: number;
  readonly to: number;
}

/** The widest buckets of which each column has at least one; undefined where samples are to be seen. */
function widthFor(usPerColumn: number): WidthUs | undefined {
  if (usPerColumn >= widths.hour) return widths.hour;
  if (usPerColumn >= widths.minute) return widths.minute;
  return usPerColumn >= widths.second ? widths.second : undefined;
}

/** Only fast tags have seconds: where they have none, the line is drawn from samples, and is said to be. */
function tierOf(widthUs: WidthUs | undefined, left: readonly Hours[], hours: Hours): HistoryTier {
  if (widthUs === undefined) return "samples";
  if (widthUs !== widths.second) return tierNames[widthUs];
  return left.length === 1 && left[0]?.from === hours.from ? "samples" : "seconds";
}

const tierNames: Readonly<Record<WidthUs, HistoryTier>> = {
  [widths.second]: "seconds",
  [widths.minute]: "minutes",
  [widths.hour]: "hours",
};

/** Answers the hours that have no buckets of this width, as runs. */
async function readBuckets(scope: Scope, widthUs: WidthUs, { from, to }: Hours): Promise<Hours[]> {
  const { ask, tag, signal, points } = scope;
  const left: Hours[] = [];
  let hour = from;
  let next: number | undefined = from;
  while (next !== undefined && next < to) {
    signal.throwIfAborted();
    const slice: RollupSlice = await ask("readRollups", tag.index, widthUs, next, to);
    for (const rolled of slice.hours) {
      if (rolled.hour > hour) left.push({ from: hour, to: rolled.hour });
      pushBuckets(points, rolled.buckets);
      hour = rolled.hour + 1;
    }
    next = slice.nextHour;
  }
  if (hour < to) left.push({ from: hour, to });
  return left;
}

async function readSamples(scope: Scope, hours: Hours): Promise<void> {
  const { ask, tag, range, signal, points } = scope;
  const fromUs = Math.max(range.fromUs, hours.from * widths.hour);
  const toUs = Math.min(range.toUs, hours.to * widths.hour - 1);
  let slices: LineSlice[] = [];
  let cursor: ReadCursor | undefined;
  do {
    signal.throwIfAborted();
    const slice: LineSlice = await ask("readLine", tag.index, fromUs, toUs, range, cursor);
    // Samples moved from frames to chunks meanwhile, which they do once in many minutes.
    if (slice.again === true) slices = [];
    else slices.push(slice);
    cursor = slice.next;
  } while (cursor !== undefined || slices.length === 0);
  for (const { times, values } of slices) {
    for (const [row, us] of times.entries()) points.push(us, values[row] ?? NaN);
  }
}

/** Hours of which samples have gone: their buckets have what the samples had. */
async function readThinned(scope: Scope, runs: readonly Hours[]): Promise<CoarserPart[]> {
  const { ask, tag, range } = scope;
  const parts: CoarserPart[] = [];
  const read = async (tier: HistoryTier, widthUs: WidthUs, hours: Hours): Promise<Hours[]> => {
    const left = await readBuckets(scope, widthUs, hours);
    for (const { from, to } of without(hours, left)) {
      const fromUs = Math.max(range.fromUs, from * widths.hour);
      parts.push({ tier, fromUs, toUs: Math.min(range.toUs, to * widths.hour) });
    }
    return left;
  };
  for (const run of runs) {
    const thinned = await ask("thinnedHours", tag.index, run.from, run.to);
    for (const hours of runsOf(thinned)) {
      const left = await read("seconds", widths.second, hours);
      for (const coarse of left) await read("minutes", widths.minute, coarse);
    }
  }
  return parts.sort((a, b) => a.fromUs - b.fromUs);
}

function runsOf(hours: readonly number[]): Hours[] {
  const runs: { from: number; to: number }[] = [];
  for (const hour of hours) {
    const last = runs.at(-1);
    if (last?.to === hour) last.to = hour + 1;
    else runs.push({ from: hour, to: hour + 1 });
  }
  return runs;
}

/** What of `hours` is not among `left`, which are runs of it that rise. */
function without(hours: Hours, left: readonly Hours[]): Hours[] {
  const kept: Hours[] = [];
  let { from } = hours;
  for (const run of left) {
    if (run.from > from) kept.push({ from, to: run.from });
    from = run.to;
  }
  if (from < hours.to) kept.push({ from, to: hours.to });
  return kept;
}
