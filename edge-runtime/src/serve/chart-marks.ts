/** Alarms and episodes for the time axis of the page's charts: those kept in the journal, and those that last now. */
import { isActive } from "@millwright/alarms";
import type { MarkedEvent, MarkSource } from "@millwright/live-feed";

import type { AlarmDesk, EpisodeDesk, EventBook } from "../hand-over.ts";

export function chartMarks(parts: {
  readonly book: Pick<EventBook, "list">;
  readonly alarms: Pick<AlarmDesk, "list">;
  readonly episodes: Pick<EpisodeDesk, "episodes">;
}): MarkSource {
  const { book, alarms, episodes } = parts;
  return {
    async events(kind, times, max) {
      const found = await book.list({ kind, ...times, order: "time", max });
      return found.filter((one): one is typeof one & MarkedEvent => one.kind === kind);
    },
    lasting: () =>
      Promise.resolve([
        ...alarms.list().flatMap((row): readonly MarkedEvent[] => {
          const { id, asset, state, priority, message, raisedUs, changedUs } = row;
          // Of the others the journal says when they ended.
          if (!isActive(state)) return [];
          const tag = row.tag === undefined ? {} : { tag: row.tag };
          const body = {
            transition: "raised",
            state,
            priority,
            message,
            raisedUs,
            ...tag,
          } as const;
          return [{ kind: "alarm", atUs: changedUs, asset, subject: id, body }];
        }),
        ...episodes.episodes().map(({ id, asset, event }): MarkedEvent => {
          return { kind: "episode", atUs: event.peakUs, asset, subject: id, body: event };
        }),
      ]),
  };
}
