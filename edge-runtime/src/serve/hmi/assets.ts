/** States, scores and episodes of the assets of this gateway: asked for when there is news, and every ten seconds for the score. */
import { loadJson, type LiveStore } from "@millwright/ui-kit";
import { effect, signal, type Signal } from "@preact/signals";

import type { AssetHealth } from "../../hand-over.ts";
import type { AssetsAnswer } from "../page-answers.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/** By asset; those that the settings declare. Empty until the gateway has answered first. */
export const assetViews: Signal<ReadonlyMap<string, AssetHealth>> = signal(new Map());
/** Rises with each answer: what depends on episodes is asked for again. */
export const episodeNews: Signal<number> = signal(0);

/** A score has no news: it changes with each second, and a person looks at it now and then. */
const askEveryMs = 10_000;
const giveUpAfterMs = 10_000;

/** Follows the live stream of the page for as long as it is open. */
export function startAssets(store: LiveStore): void {
  effect(() => {
    if (store.snapshots.value > 0) void ask();
  });
  effect(() => {
    if ((store.news.value["episodes"] ?? 0) > 0) {
      episodeNews.value = store.news.value["episodes"] ?? 0;
      void ask();
    }
  });
  setInterval(() => {
    // A gateway without assets has none a minute later either: its settings change with a restart, which is a snapshot.
    if (document.visibilityState === "visible" && assetViews.value.size > 0) void ask();
  }, askEveryMs);
}

const ask = oneAtATime(async (given) => {
  try {
    const { assets } = await loadJson<AssetsAnswer>("/api/assets", given);
    assetViews.value = new Map(assets.map((asset) => [asset.state.asset, asset]));
  } catch {
    // The link is shown as lost elsewhere; what is known stays until the stream comes back.
  }
}, giveUpAfterMs);
