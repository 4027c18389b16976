import type { EpisodeEvent, EventLine } from "@millwright/wire-contract/events";
import { z } from "zod";

/** What a gateway wrote about an episode, as far as a chart stands on it. A later version may say more, and that is passed on. */
const episodeBody = z.looseObject({
  beginUs: z.number(),
  endUs: z.number().optional(),
  class: z.string(),
  contributions: z.array(z.looseObject({ tag: z.string() })),
});

/** Undefined when it does not say what an episode has to say. */
export function readEpisode({ json }: EventLine): EpisodeEvent | undefined {
  const read = episodeBody.safeParse(JSON.parse(json));
  // A class of a later version is shown as it is written.
  return read.success ? (read.data as unknown as EpisodeEvent) : undefined;
}
