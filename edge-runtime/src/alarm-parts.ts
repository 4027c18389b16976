/** Alarms, joined with the samples they watch, the journal that keeps them and the page that shows them. Part of `runtime.ts`. */
import { messageChain, type Clock, type Log, type Random } from "@millwright/kit";
import type { AskedAcknowledgement, TagBook } from "@millwright/wire-contract";

import type { DeviceSupervisor } from "./acquire/device-supervisor.ts";
import type { DriverContext } from "./acquire/driver.ts";
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
  /** What a device is told of whose own alarms come in; undefined for the others. */
  readonly conditionsOf: (device: string) => DriverContext["conditions"];
}

/** A controller answers in less than a second; a page does not wait longer for one. */
const askMsMax = 10_000;

/** @param join.detection what assets do; undefined where nothing tells it, and then alarms of named states are not judged */
export function joinAlarms(join: {
  readonly settings: Settings;
  readonly book: TagBook;
  readonly current: TagView;
  readonly events: EventBook;
  readonly detection: EpisodeDesk | undefined;
  readonly audit: (note: AuditNote) => Promise<void>;
  /** Looked at when one is asked: devices are made later. */
  readonly devices: () => readonly DeviceSupervisor[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): AlarmParts {
  const { settings, book, current, events, detection, audit, clock, random, log } = join;
  const { devices } = join;
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
    async askMachine(id, act) {
      const device = devices().find(({ status }) => status.device === id);
      if (device === undefined) return { kind: "refused", reason: "there is no such device" };
      return await device.actOnCondition(act, AbortSignal.timeout(askMsMax));
    },
  });
  detection?.onChanged(() => {
    alarms.statesChanged();
  });
  const nowUs = (): number => clock.nowUs();
  return {
    alarms,
    conditionsOf(device) {
      const of = settings.alarms.machines?.find((one) => one.device === device);
      if (of === undefined) return undefined;
      return {
        notifier: of.notifier,
        tell: (news) => {
          alarms.machines.hear(device, news);
        },
      };
    },
    routes: alarmRoutes({ desk: alarms, book: events, nowUs, shifts: settings.alarms.shifts }),
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
