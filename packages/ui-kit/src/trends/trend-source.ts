/** Where the values of a chart come from. */
import type { LiveTag } from "@millwright/wire-contract";
import type { HistoryLine } from "@millwright/wire-contract/history";

import { loadHistory, type TimeRange } from "../live/history.ts";
import type { LiveStore } from "../live/live-store.ts";

export interface TrendSource {
  /** Names it among all that a chart can show. */
  readonly key: string;
  readonly tag: LiveTag;
  /** Where its history lives: `/api` on the HMI, `/api/gateways/ID` on the console. */
  readonly base: string;
  /** Its machine, or gateway and machine. */
  readonly place: string;
  /** Says what comes now; without one the history is asked again and again. */
  readonly store?: LiveStore;
}

/** As many as there are pens. */
export const sourcesMax = 8;

/** In the order of the sources. What lives at one place is asked for together. */
export async function loadSources(
  sources: readonly TrendSource[],
  range: TimeRange,
  widthPx: number,
  signal: AbortSignal,
): Promise<readonly HistoryLine[]> {
  const bases = [...new Set(sources.map(({ base }) => base))];
  const lines = new Map<string, HistoryLine>();
  await Promise.all(
    bases.map(async (base) => {
      const mine = sources.filter((source) => source.base === base);
      const tags = mine.map(({ tag }) => tag.id);
      const found = await loadHistory(base, tags, range, widthPx, signal);
      for (const [at, source] of mine.entries()) {
        const line = found[at];
        if (line !== undefined) lines.set(source.key, line);
      }
    }),
  );
  return sources.flatMap(({ key }) => lines.get(key) ?? []);
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
