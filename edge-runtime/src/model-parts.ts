/** Models, joined with detection that takes their scores and the journal that keeps what happens to them. Part of `runtime.ts`. */
import type { Clock, Log, Random } from "@millwright/kit";
import type { TagBook } from "@millwright/wire-contract";

import { hostFile } from "./detect/host/host-file.ts";
import { findIsolation } from "./detect/host/isolation.ts";
import type { ModelDesk } from "./detect/models/model-desk.ts";
import type { AssetState, DetectionFeed, EventBook } from "./hand-over.ts";
import type { Settings } from "./settings/load-settings.ts";

/** Undefined where no bundle is configured: then nothing of it is loaded, and no process is started. */
export async function joinModels(parts: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly feed: DetectionFeed;
  readonly stateOf: (asset: string) => AssetState | undefined;
  readonly events: EventBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<ModelDesk | undefined> {
  const { settings, book, feed, stateOf, events, clock, random, log } = parts;
  if (settings.models.bundles.length === 0) return undefined;
  const { ModelDesk } = await import("./detect/models/model-desk.ts");
  const isolation = findIsolation();
  if (!isolation.network) log.warn("detect.network-open", { reason: isolation.words });
  return new ModelDesk({
    settings: settings.models,
    assets: settings.assets,
    tagOf: (id) => book.byId(id),
    program: { node: process.execPath, file: hostFile(), isolation },
    feed,
    stateOf,
    book: events,
    clock,
    random,
    log,
  });
}
