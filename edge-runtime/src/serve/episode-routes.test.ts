import assert from "node:assert/strict";
import { test } from "node:test";

import type { EpisodeEvent, Verdict } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../buffer/events/memory-book.ts";
import type { ActingRoute, Episode, EpisodeDesk, LookingRoute, PageRoute } from "../hand-over.ts";
import { episodeRoutes } from "./episode-routes.ts";

const event = (more: Partial<EpisodeEvent>): EpisodeEvent => ({
  what: "began",
  beginUs: 1_000,
  peakUs: 1_000,
  score: 2,
  severity: 0.5,
  class: "drift",
  levels: ["statistic"],
  contributions: [],
  detectors: ["CUSUM"],
  verdict: "open",
  ...more,
});

/** A desk that knows one episode of one asset. */
class OneEpisode implements EpisodeDesk {
  readonly judged: string[] = [];
  readonly reset: string[] = [];
  readonly #episode: Episode = { id: "E-1", asset: "Pump 1", event: event({}) };

  health(asset: string): ReturnType<EpisodeDesk["health"]> {
    if (asset !== "Pump 1") return undefined;
    const state = { asset, state: "running", sinceUs: 1, settled: true } as const;
    return { state, score: 2, learnt: 1, episode: this.#episode };
  }
  assets(): ReturnType<EpisodeDesk["assets"]> {
    const health = this.health("Pump 1");
    return health === undefined ? [] : [health];
  }
  episodes(): readonly Episode[] {
    return [this.#episode];
  }
  judge(id: string, verdict: Verdict, person: string): Promise<Episode | undefined> {
    if (id !== "E-1") return Promise.resolve(undefined);
    this.judged.push(`${id} ${verdict} ${person}`);
    return Promise.resolve(this.#episode);
  }
  resetBaselines(asset: string, reason: string, person: string, note: string): Promise<void> {
    this.reset.push(`${asset} ${reason} ${person} ${note}`);
    return Promise.resolve();
  }
  onChanged(): () => void {
    return () => undefined;
  }
}

const call = {
  asked: { header: () => undefined, address: "127.0.0.1", secure: false, local: true },
  params: {},
  query: {},
  signal: new AbortController().signal,
};
const person = { id: "anna", name: "Anna", role: "technician", device: "panel" } as const;

function routeOf<Kind extends "look" | "act">(
  routes: readonly PageRoute[],
  kind: Kind,
  path: string,
): Extract<PageRoute, { readonly kind: Kind }> {
  const found = routes.find((route) => route.kind === kind && route.path === path);
  assert.ok(found !== undefined, path);
  return found as Extract<PageRoute, { readonly kind: Kind }>;
}

test("the newest event of each episode is what the page is told, the newest episode first", async () => {
  const book = new MemoryEventBook();
  const keep = (subject: string, body: EpisodeEvent): Promise<unknown> =>
    book.keep([{ kind: "episode", atUs: body.peakUs, asset: "Pump 1", subject, body }]);
  await keep("E-1", event({}));
  await keep("E-2", event({ beginUs: 5_000 }));
  await keep("E-1", event({ what: "ended", endUs: 9_000 }));
  await book.keep([{ kind: "episode", atUs: 1, asset: "Oven 1", subject: "E-3", body: event({}) }]);
  const routes = episodeRoutes({ desk: new OneEpisode(), book, nowUs: () => 77 });
  const list: LookingRoute = routeOf(routes, "look", "/api/episodes");
  const { json } = await list.look({ ...call, query: { asset: "Pump 1" } });
  const { episodes } = json as { readonly episodes: readonly Episode[] };
  assert.deepEqual(
    episodes.map(({ id, event: { what } }) => `${id} ${what}`),
    ["E-2 began", "E-1 ended"],
  );
});

test("an episode that is named is told however many came after it, and of no other asset more", async () => {
  const book = new MemoryEventBook();
  await book.keep(
    Array.from({ length: 30 }, (_, at) => ({
      ...{ kind: "episode" as const, atUs: at, asset: "Pump 1", subject: `E-${at}` },
      body: event({ beginUs: at }),
    })),
  );
  const routes = episodeRoutes({ desk: new OneEpisode(), book, nowUs: () => 77 });
  const list: LookingRoute = routeOf(routes, "look", "/api/episodes");
  const told = async (query: Record<string, string>): Promise<readonly string[]> => {
    const { json } = await list.look({ ...call, query: { asset: "Pump 1", ...query } });
    return (json as { readonly episodes: readonly Episode[] }).episodes.map(({ id }) => id);
  };
  assert.equal((await told({})).includes("E-3"), false);
  const named = await told({ id: "E-3" });
  assert.deepEqual([named.length, named[0], named.at(-1)], [21, "E-29", "E-3"]);
  assert.deepEqual(await told({ id: "E-77" }), await told({}));
});

test("a verdict is that of the person who is signed in, and is audited", async () => {
  const desk = new OneEpisode();
  const routes = episodeRoutes({ desk, book: new MemoryEventBook(), nowUs: () => 77 });
  const route: ActingRoute = routeOf(routes, "act", "/api/episodes/verdict");
  assert.equal(route.role, "technician");
  const body = { episode: "E-1", verdict: "confirmed" };
  const answer = await route.act({ ...call, person, body });
  assert.deepEqual(desk.judged, ["E-1 confirmed Anna"]);
  assert.equal(answer.audit?.result, "done");
  const missing = await route.act({ ...call, person, body: { ...body, episode: "E-9" } });
  assert.equal(missing.status, 404);
  assert.equal(missing.audit?.result, "refused");
  const wrong = await route.act({ ...call, person, body: { ...body, verdict: "perhaps" } });
  assert.equal(wrong.status, 400);
  assert.equal(desk.judged.length, 1);
});

test("a repair is told of an asset that is there, and of no other", async () => {
  const desk = new OneEpisode();
  const routes = episodeRoutes({ desk, book: new MemoryEventBook(), nowUs: () => 77 });
  const route: ActingRoute = routeOf(routes, "act", "/api/assets/learn-anew");
  const body = { asset: "Pump 1", reason: "repair", note: "bearing changed" };
  await route.act({ ...call, person, body });
  assert.deepEqual(desk.reset, ["Pump 1 repair Anna bearing changed"]);
  const other = await route.act({ ...call, person, body: { ...body, asset: "Pump 9" } });
  assert.equal(other.status, 404);
});
