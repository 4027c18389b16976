/** Alarms, joined with the samples they watch, the journal that keeps them and the page that shows them. Part of `runtime.ts`. */
import { messageChain, type Clock, type Log, type Random } from "@millwright/kit";
import type { AskedAcknowledgement, TagBook } from "@millwright/wire-contract";

import { LiveAlarms } from "./decide/alarms/live-alarms.ts";
import type { AuditNote, EpisodeDesk, EventBook, PageRoute, TagView } from "./hand-over.ts";
import { alarmRoutes } from "./serve/alarm-routes.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface AlarmParts {
  /** The desk for rules, detection and people; the service that keeps its time; and what watches the samples. */
  readonly alarms: LiveAlarms;
  readonly routes: readonly PageRoute[];
  /** What people at the hub acknowledge; each stands in the audit book, as what people do here does. */
  readonly askedAtHub: (asked: readonly AskedAcknowledgement[]) => void;
}

/** @param join.detection what assets do; undefined where nothing tells it, and then alarms of named states are not judged */
export function joinAlarms(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly events: EventBook;
  readonly detection: EpisodeDesk | undefined;
  readonly audit: (note: AuditNote) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): AlarmParts {
  const { settings, book, current, events, detection, audit, clock, random, log } = join;
  const alarms = new LiveAlarms({
    definitions: settings.alarms,
    world: {
      indexOf: (tag) => book.indexOf(tag),
      valueOf(index) {
        if (current.status(index) >>> 30 >= 2) return NaN;
        const value = current.value(index);
        return typeof value === "number" || typeof value === "bigint" ? Number(value) : NaN;
      },
      isFresh: (index) => clock.nowUs() - current.confirmedUs(index) <= current.freshForUs(index),
      stateOf(asset) {
        const known = detection?.health(asset)?.state;
        return known?.settled === true && known.state !== "unknown" ? known.state : undefined;
      },
    },
    book: events,
    ...{ clock, random, log },
  });
  detection?.onChanged(() => {
    alarms.statesChanged();
  });
  const nowUs = (): number => clock.nowUs();
  return {
    alarms,
    routes: alarmRoutes({ desk: alarms, book: events, nowUs }),
    askedAtHub(all) {
      for (const { asked, refused } of alarms.askedAtHub(all)) {
        const result = refused === undefined ? "done" : "refused";
        const note = { act: "alarm.acknowledge", object: asked.alarm, result } as const;
        const why = refused === undefined ? {} : { why: refused };
        audit({ person: asked.person, device: "hub", ...note, ...why }).catch(
          (failure: unknown) => {
            // The event of the alarm says who it was, too.
            log.error("alarms.audit-not-kept", { reason: messageChain(failure) });
          },
        );
      }
    },
  };
}
