/** Where the values of a chart come from. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";

import { loadHistory, type TimeRange } from "../live/history.ts";
import type { LiveStore } from "../live/live-store.ts";
import { laidOver } from "./earlier.ts";

export interface TrendSource {
  /** Names it among all that a chart can show. */
  readonly key: string;
  readonly tag: LiveTag;
  /** Where its history lives: `/api` on the HMI, `/api/gateways/ID` on the console. */
  readonly base: string;
  /** Its machine, or gateway and machine. */
  readonly place: string;
  /** Where the page of its gateway is, on the console; "" where that is not known. */
  readonly hmi?: string;
  /** Its gateway is not heard: what was told of it last is not what it is now. */
  readonly away?: boolean;
  /** Says what comes now; without one the history is asked again and again. */
  readonly store?: LiveStore;
  /** Of so much before, laid over the present with a thinner line of this pen. */
  readonly earlier?: { readonly us: number; readonly pen: number; readonly words: string };
}

/** As many as there are pens. */
export const sourcesMax = 8;

/** Beyond the end of what is earlier something is known, which a live chart moves on to until it is fetched anew. */
const aheadUs = 60_000_000;

/** In the order of the sources. What lives at one place and is of one time is asked for together. */
export async function loadSources(
  sources: readonly TrendSource[],
  range: TimeRange,
  widthPx: number,
  signal: AbortSignal,
): Promise<readonly HistoryLine[]> {
  const groups = new Map<string, TrendSource[]>();
  for (const source of sources) {
    const of = `${source.base} ${source.earlier?.us ?? 0}`;
    groups.set(of, [...(groups.get(of) ?? []), source]);
  }
  const lines = new Map<string, HistoryLine>();
  await Promise.all(
    [...groups.values()].map(async (mine) => {
      const [{ base, earlier } = { base: "", earlier: undefined }] = mine;
      const tags = mine.map(({ tag }) => tag.id);
      const found = await loadHistory(base, tags, before(range, earlier?.us), widthPx, signal);
      for (const [at, source] of mine.entries()) {
        const line = found[at];
        if (line === undefined) continue;
        lines.set(source.key, earlier === undefined ? line : laidOver(line, earlier.us));
      }
    }),
  );
  return sources.flatMap(({ key }) => lines.get(key) ?? []);
}

function before(range: TimeRange, us: number | undefined): TimeRange {
  if (us === undefined) return range;
  return { fromUs: range.fromUs - us, toUs: range.toUs - us + aheadUs };
}

/** Gaps of several tags: those with one reason and time are one, and say whose they are. */
export function gapsTogether(
  lines: readonly HistoryLine[],
): readonly { readonly gap: HistoryLine["gaps"][number]; readonly tags: readonly number[] }[] {
  const found = new Map<string, { gap: HistoryLine["gaps"][number]; tags: number[] }>();
  for (const [at, line] of lines.entries()) {
    for (const gap of line.gaps) {
      const key = `${gap.reason} ${gap.fromUs} ${gap.toUs}`;
      const one = found.get(key);
      if (one === undefined) found.set(key, { gap, tags: [at] });
      else one.tags.push(at);
    }
  }
  return [...found.values()].sort((a, b) => a.gap.fromUs - b.gap.fromUs);
}
