/** Detection, joined with the samples it watches and the journal that keeps what it sees. Part of `runtime.ts`. */
import type { Clock, Log } from "@millwright/kit";
import type { TagBook } from "@millwright/wire-contract";

import { LiveDetection } from "./detect/live-detection.ts";
import type { EventBook, PageRoute, TagView } from "./hand-over.ts";
import { episodeRoutes } from "./serve/episode-routes.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface DetectionParts {
  /** The service that keeps its time, what watches the samples, the desk for rules and screens, and the door for models. */
  readonly detection: LiveDetection;
  readonly routes: readonly PageRoute[];
}

export function joinDetection(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly events: EventBook;
  readonly clock: Clock;
  readonly log: Log;
}): DetectionParts {
  const { settings, book, current, events, clock, log } = join;
  const detection = new LiveDetection({
    assets: settings.assets,
    detection: settings.detection,
    tagOf: (id) => book.byId(id),
    book: events,
    ...{ current, clock, log },
  });
  const nowUs = (): number => clock.nowUs();
  return { detection, routes: episodeRoutes({ desk: detection, book: events, nowUs }) };
}
