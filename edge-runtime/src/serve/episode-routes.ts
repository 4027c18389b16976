/** What the page asks of assets and episodes, and the verdicts that people give there. */
import * as z from "zod";

import type { Episode, EpisodeDesk, EventBook, PageRoute } from "../hand-over.ts";
import type { AssetsAnswer, EpisodesAnswer } from "./page-answers.ts";
import { wrongWith } from "./wrong-body.ts";

export interface EpisodeRoutesOptions {
  readonly desk: EpisodeDesk;
  readonly book: EventBook;
  /** The gateway's clock, µs. */
  readonly nowUs: () => number;
}

/** Episodes of one asset on its screen: what a person scrolls through. */
const shownMax = 20;
/** Each episode is several events: began, grew, ended, a verdict. */
const eventsMax = 200;

export function episodeRoutes({ desk, book, nowUs }: EpisodeRoutesOptions): readonly PageRoute[] {
  return [
    {
      kind: "look",
      path: "/api/assets",
      look: () => ({ json: { assets: desk.assets(), nowUs: nowUs() } satisfies AssetsAnswer }),
    },
    {
      kind: "look",
      path: "/api/episodes",
      async look({ query }) {
        const { asset, id } = query;
        const episodes = await newest(book, asset, id);
        return { json: { episodes, nowUs: nowUs() } satisfies EpisodesAnswer };
      },
    },
    {
      kind: "act",
      path: "/api/episodes/verdict",
      role: "technician",
      async act({ person, body }) {
        const asked = verdictBody.safeParse(body);
        if (!asked.success) {
          return { status: 400, json: { reason: wrongWith(asked.error) }, audit: undefined };
        }
        const { episode, verdict, failureMode } = asked.data;
        const judged = await desk.judge(episode, verdict, person.name, failureMode);
        const about = { act: "episode.verdict", object: episode, after: verdict } as const;
        if (judged === undefined) {
          const why = "there is no such episode";
          return {
            ...{ status: 404, json: { reason: why } },
            audit: { ...about, result: "refused", why },
          };
        }
        return { json: { episode: judged }, audit: { ...about, result: "done" } };
      },
    },
    {
      kind: "act",
      path: "/api/assets/learn-anew",
      role: "technician",
      async act({ person, body }) {
        const asked = resetBody.safeParse(body);
        if (!asked.success) {
          return { status: 400, json: { reason: wrongWith(asked.error) }, audit: undefined };
        }
        const { asset, reason, note } = asked.data;
        const about = { act: "asset.learn-anew", object: asset, reason } as const;
        if (desk.health(asset) === undefined) {
          const why = "the settings declare no such asset";
          return {
            ...{ status: 404, json: { reason: why } },
            audit: { ...about, result: "refused", why },
          };
        }
        await desk.resetBaselines(asset, reason, person.name, note);
        return { json: {}, audit: { ...about, result: "done" } };
      },
    },
  ];
}

/**
 * Each as it stands, the newest first.
 *
 * @param asset all when it is undefined
 * @param id of one that is among them, however old it is
 */
async function newest(
  book: EventBook,
  asset: string | undefined,
  id: string | undefined,
): Promise<readonly Episode[]> {
  const records = await book.list({
    kind: "episode",
    ...(asset === undefined ? {} : { asset }),
    max: eventsMax,
  });
  const named = id === undefined ? [] : await book.list({ kind: "episode", subject: id, max: 1 });
  const found = new Map<string, Episode>();
  for (const record of [...named, ...records]) {
    if (record.kind !== "episode" || found.has(record.subject)) continue;
    found.set(record.subject, { id: record.subject, asset: record.asset, event: record.body });
  }
  const all = [...found.values()].toSorted((a, b) => b.event.beginUs - a.event.beginUs);
  return all.filter((one, at) => at < shownMax || one.id === id);
}

const verdictBody = z.strictObject({
  episode: z.string().min(1).max(128),
  verdict: z.enum(["confirmed", "false", "unknown"]),
  // What a person types into one line; "" where nobody knows yet.
  failureMode: z.string().max(200).default(""),
});

const resetBody = z.strictObject({
  asset: z.string().min(1).max(128),
  reason: z.enum(["repair", "sensor-change", "calibration"]),
  note: z.string().max(200).default(""),
});
