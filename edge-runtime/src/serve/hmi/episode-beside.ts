/** How an episode stands to others of its machine that last as well: what a person wonders about who sees two. */
import type { Episode } from "../../hand-over.ts";

/** @returns undefined where it is the only one that lasts, or over */
export function besideOf(episode: Episode, all: readonly Episode[]): "older" | "newer" | undefined {
  const lasting = all.filter(({ asset, event }) => {
    return asset === episode.asset && event.endUs === undefined;
  });
  if (lasting.length < 2 || episode.event.endUs !== undefined) return undefined;
  const newest = Math.max(...lasting.map(({ event }) => event.beginUs));
  return episode.event.beginUs === newest ? "newer" : "older";
}
