/** Models, joined with detection that takes their scores and the journal that keeps what happens to them. Part of `runtime.ts`. */
import type { Clock, Log, Random, Service } from "@millwright/kit";
import type { TagBook } from "@millwright/wire-contract";

import type { LiveDetection } from "./detect/live-detection.ts";
import { hostFile } from "./detect/host/host-file.ts";
import { findIsolation } from "./detect/host/isolation.ts";
import type { DetectionFeed, EventBook, PageRoute, SampleWatcher, TagView } from "./hand-over.ts";
import { modelRoutes } from "./serve/model-routes.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface ModelParts {
  readonly watchers: readonly SampleWatcher[];
  readonly services: readonly Service[];
  readonly routes: readonly PageRoute[];
}

/** Where no bundle is configured nothing of it is loaded, and no process is started. */
export async function joinModels(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly detection: DetectionFeed & Pick<LiveDetection, "watchedState">;
  readonly current: TagView;
  readonly events: EventBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<ModelParts> {
  const { settings, book, detection, current, events, clock, random, log } = join;
  if (settings.models.bundles.length === 0) {
    return { watchers: [], services: [], routes: modelRoutes(undefined) };
  }
  const { ModelDesk } = await import("./detect/models/model-desk.ts");
  const isolation = findIsolation();
  if (!isolation.network) log.warn("detect.network-open", { reason: isolation.words });
  const desk = new ModelDesk({
    settings: settings.models,
    assets: settings.assets,
    tagOf: (id) => book.byId(id),
    program: { node: process.execPath, file: hostFile(), isolation },
    feed: detection,
    stateOf: (asset) => detection.watchedState(asset),
    book: events,
    ...{ current, clock, random, log },
  });
  return { watchers: [desk], services: [desk], routes: modelRoutes(desk) };
}
