/**
 * Episodes as they are saved: each asset has a part of its own, so that an episode writes what is its own and not what 160
 * others are about, and a head says which of these parts count. They are written in one transaction.
 */
import { joinTracks, parseTrack, type SavedTrack, type SavedTracks } from "@millwright/detection";
import type { Verdict } from "@millwright/wire-contract/events";
import * as z from "zod";

import type { EventBook, SavedState } from "../hand-over.ts";

/** An episode as people know it; what it is about stands in the track. */
export interface SavedName {
  readonly id: string;
  readonly verdict: Verdict;
  readonly person: string | null;
  /** µs; absent in what programs have saved that knew one episode of an asset only. */
  readonly beginUs?: number | undefined;
}

export interface SavedAssetEpisodes {
  /** In the order in which they began. */
  readonly names: readonly SavedName[];
  readonly track: SavedTrack;
}

export interface EpisodeHead {
  /** Number of the next name. */
  readonly next: number;
  readonly begunUs: readonly number[];
}

const headAs = "episodes";

export const savedName: z.ZodType<SavedName> = z.object({
  id: z.string(),
  verdict: z.enum(["open", "confirmed", "false", "unknown"]),
  person: z.string().nullable(),
  beginUs: z.number().optional(),
});
/** Assets that are not named have nothing that lasts, whatever an earlier time has left of them. */
const savedHead = z.object({
  next: z.int().min(1),
  begunUs: z.array(z.number()),
  assets: z.array(z.string()),
});
const savedPart = z.object({ names: z.array(savedName), track: z.unknown() });

export class SavedEpisodes {
  readonly #book: Pick<EventBook, "state" | "saveState">;
  /** Those that the head names. */
  readonly #assets = new Set<string>();

  constructor(book: Pick<EventBook, "state" | "saveState">) {
    this.#book = book;
  }

  /** What has a part now. */
  get assets(): ReadonlySet<string> {
    return this.#assets;
  }

  /** Once, at the start. @returns undefined where no program has saved any in this way since */
  read():
    | {
        readonly next: number;
        readonly names: ReadonlyMap<string, readonly SavedName[]>;
        readonly tracks: SavedTracks;
      }
    | undefined {
    const head = savedHead.safeParse(this.#book.state(headAs));
    if (!head.success) return undefined;
    const { next, begunUs, assets } = head.data;
    const names = new Map<string, readonly SavedName[]>();
    const tracks = new Map<string, SavedTrack>();
    for (const asset of assets) {
      this.#assets.add(asset);
      const part = savedPart.safeParse(this.#book.state(partOf(asset)));
      const track = part.success ? parseTrack(part.data.track) : undefined;
      if (!part.success || track === undefined) continue;
      names.set(asset, part.data.names);
      tracks.set(asset, track);
    }
    return { next, names, tracks: joinTracks(begunUs, tracks) };
  }

  /**
   * @param changed assets of which something is to be written anew
   * @param episodesOf one of them; undefined where nothing is left to be known
   */
  write(
    { next, begunUs }: EpisodeHead,
    changed: Iterable<string>,
    episodesOf: (asset: string) => SavedAssetEpisodes | undefined,
  ): void {
    for (const asset of changed) {
      const episodes = episodesOf(asset);
      const had = this.#assets.has(asset);
      if (episodes !== undefined) {
        this.#assets.add(asset);
        this.#book.saveState(partOf(asset), episodes as unknown as SavedState);
      } else if (had) {
        this.#assets.delete(asset);
        this.#book.saveState(partOf(asset), null);
      }
    }
    this.#book.saveState(headAs, { next, begunUs, assets: [...this.#assets] });
  }
}

function partOf(asset: string): string {
  return `episodes of ${asset}`;
}
