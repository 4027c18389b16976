/** What detection has saved of itself, as this program and those of before wrote it. Episodes apart: `saved-episodes.ts`. */
import { parseTracks, type SavedTracks } from "@millwright/detection";
import * as z from "zod";

import type { SavedState } from "../hand-over.ts";
import { savedName, type SavedName } from "./saved-episodes.ts";

/** The newest of an asset apart from those that stood when it began. */
const names = {
  next: z.int().min(1),
  open: z.record(z.string(), savedName),
  standing: z.record(z.string(), z.array(savedName)).default({}),
};
const savedDetection = z.object({
  ...names,
  tracksApart: z.boolean().default(false),
  states: z.record(z.string(), z.string()),
  context: z.record(z.string(), z.string()),
  learnt: z.unknown(),
});
const savedTogether = z.object({ ...names, tracks: z.unknown() });
/** Before what was learnt is saved for the first time, episodes may be. */
const nothingSaved: SavedState = {
  ...{ next: 1, open: {}, standing: {}, tracksApart: true, states: {}, context: {} },
  learnt: { version: 1, begunUs: [], assets: {} },
};

export type SavedDetection = z.infer<typeof savedDetection>;

/** How episodes that last are named, by asset, the newest last. */
export interface SavedNames {
  /** Number of the next one. */
  readonly next: number;
  readonly names: ReadonlyMap<string, readonly SavedName[]>;
}

/** Undefined for what no program of ours has written. @param saved undefined where nothing was saved yet */
export function parseSavedDetection(saved: SavedState | undefined): SavedDetection | undefined {
  const parsed = savedDetection.safeParse(saved ?? nothingSaved);
  return parsed.success ? parsed.data : undefined;
}

export function namesIn({
  next,
  open,
  standing,
}: Pick<SavedDetection, "next" | "open" | "standing">): SavedNames {
  const all = Object.entries(open).map(
    ([asset, newest]) => [asset, [...(standing[asset] ?? []), newest]] as const,
  );
  return { next, names: new Map(all) };
}

/** The episodes of all assets in one part, as programs of before saved them. */
export function tracksOfBefore(
  saved: unknown,
): (SavedNames & { readonly tracks: SavedTracks }) | undefined {
  const together = savedTogether.safeParse(saved);
  const tracks = together.success ? parseTracks(together.data.tracks) : undefined;
  if (!together.success || tracks === undefined) return undefined;
  return { ...namesIn(together.data), tracks };
}
