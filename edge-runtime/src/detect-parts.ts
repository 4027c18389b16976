/** Detection, joined with the samples it watches and the journal that keeps what it sees. Part of `runtime.ts`. */
import type { Clock, Log } from "@millwright/kit";
import type { TagBook } from "@millwright/wire-contract";

import { LiveDetection } from "./detect/live-detection.ts";
import type { EventBook, TagView } from "./hand-over.ts";
import type { Settings } from "./settings/load-settings.ts";

/** The service that keeps its time, what watches the samples, the desk for rules and screens, and the door for models. */
export function joinDetection(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly events: EventBook;
  readonly clock: Clock;
  readonly log: Log;
}): LiveDetection {
  const { settings, book, current, events, clock, log } = join;
  return new LiveDetection({
    assets: settings.assets,
    detection: settings.detection,
    tagOf: (id) => book.byId(id),
    book: events,
    ...{ current, clock, log },
  });
}
