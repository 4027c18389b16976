/** Alarms and episodes below a chart: asked for, said in words, and laid beside each other on its time axis. */
import type { TimeMark, TimeMarks } from "@millwright/wire-contract/events";

import type { TimeRange } from "../live/history.ts";
import { loadJson } from "../parts/use-resource.ts";
import { momentWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import type { TrendSource } from "./trend-source.ts";

/** A mark, and where the server lives that told it. */
export interface ChartMark {
  readonly mark: TimeMark;
  readonly base: string;
  /** Its machine; with its gateway, where the values of the chart are of several. */
  readonly place: string;
}

export interface ChartMarks {
  /** By their begin, the oldest first. */
  readonly marks: readonly ChartMark[];
  readonly more: number;
  /** Before it some are missing; undefined where none are. */
  readonly knownFromUs: number | undefined;
}

/** Those of the machines and the values of the chart, of each server with one question. */
export async function loadMarks(
  sources: readonly TrendSource[],
  range: TimeRange,
  signal: AbortSignal,
): Promise<ChartMarks> {
  const bases = [...new Set(sources.map(({ base }) => base))];
  const answers = await Promise.all(
    bases.map(async (base) => {
      const tags = sources.filter((one) => one.base === base).map(({ tag }) => tag);
      const query = new URLSearchParams([
        ["from", String(Math.floor(range.fromUs))],
        ["to", String(Math.ceil(range.toUs))],
        ...tags.map(({ id }) => ["tag", id]),
        ...[...new Set(tags.map(({ asset }) => asset))].map((asset) => ["asset", asset]),
      ]);
      const answer = await loadJson<TimeMarks>(`${base}/marks?${query.toString()}`, signal);
      return { base, answer };
    }),
  );
  const known = answers.flatMap(({ answer }) => answer.knownFromUs ?? []);
  return {
    marks: answers
      .flatMap(({ base, answer }) =>
        answer.marks.map((mark) => ({ mark, base, place: placeOf(mark, base, sources) })),
      )
      .toSorted((a, b) => a.mark.fromUs - b.mark.fromUs),
    more: answers.reduce((sum, { answer }) => sum + answer.more, 0),
    knownFromUs: known.length === 0 ? undefined : Math.max(...known),
  };
}

/** Machines of two gateways may have one name: the places of the values say which is which. */
function placeOf({ asset }: TimeMark, base: string, sources: readonly TrendSource[]): string {
  const mine = sources.filter((one) => one.base === base);
  if (mine.length === sources.length) return asset;
  return (mine.find(({ tag }) => tag.asset === asset) ?? mine[0])?.place ?? asset;
}

const classes = ["spike", "drift", "oscillation", "flat-line", "missing", "pattern"] as const;

/** `Priority 2, Bearing hot, Spindle 1, 14:02 to 14:10`. */
export function markWords({ mark, place }: ChartMark, spanUs: number): string {
  const from = momentWords(mark.fromUs, spanUs);
  const time =
    mark.toUs === undefined
      ? sayKit("marks.lasts", { from })
      : sayKit("marks.time", { from, to: momentWords(mark.toUs, spanUs) });
  const notes = mark.kind === "alarm" ? (mark.notes ?? []) : [];
  return [
    [markTitle(mark), place, time].filter((part) => part !== "").join(", "),
    ...notes.map((note) => sayKit("marks.note", { ...note })),
  ].join(". ");
}

function markTitle(mark: TimeMark): string {
  if (mark.kind === "alarm") {
    return sayKit("marks.alarm", { priority: String(mark.priority), message: mark.message });
  }
  return sayKit("marks.episode", { class: classWords(mark.class) });
}

/** A class of episodes in words. */
export function classWords(name: string): string {
  // A gateway of a later version may know classes that this page does not.
  const known = classes.find((one) => one === name);
  return known === undefined ? name : sayKit(`marks.class.${known}`);
}

/** Where a mark lies: its lane, and whether there is room for its symbol at its begin. */
export interface LaidMark extends ChartMark {
  readonly lane: number;
  readonly symbol: boolean;
  /** Of the range, 0 to 1; what began before it begins with it. */
  readonly from: number;
  readonly to: number;
}

export const lanesMax = 3;

/**
 * Each in the first lane that is free at its begin. Where all are taken it lies in the last, without its symbol: two
 * symbols over each other would be neither.
 *
 * @param symbolShare width of a symbol, as a share of that of the range
 */
export function layMarks(
  marks: readonly ChartMark[],
  range: TimeRange,
  symbolShare: number,
): readonly LaidMark[] {
  const span = range.toUs - range.fromUs;
  const shareOf = (us: number): number => Math.min(1, Math.max(0, (us - range.fromUs) / span));
  const ends = Array.from({ length: lanesMax }, () => -Infinity);
  return marks.map((one) => {
    const { fromUs, toUs = Infinity } = one.mark;
    const [begin, to] = [shareOf(fromUs), shareOf(toUs)];
    // One that began just now has its symbol before its begin rather than beyond the chart.
    const from = Math.min(begin, Math.max(0, 1 - symbolShare));
    const free = ends.findIndex((end) => end <= from);
    const lane = free === -1 ? lanesMax - 1 : free;
    ends[lane] = Math.max(ends[lane] ?? 0, to, from + symbolShare);
    return { ...one, lane, symbol: free !== -1, from, to: Math.max(to, from) };
  });
}
