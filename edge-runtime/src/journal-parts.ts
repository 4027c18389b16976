/** The journal, joined with the settings that bound it and with the services that end when it breaks. Part of `runtime.ts`. */
import type { Clock, Log, Random, Service } from "@millwright/kit";

import { openJournal, type Journal } from "./buffer/journal.ts";
import type { JournalThread } from "./buffer/journal-thread.ts";
import { captureLimitsOf } from "./capture-points.ts";
import type { Settings } from "./settings/load-settings.ts";

export interface JournalParts {
  readonly journal: Journal;
  /** Breaks when the journal does. */
  readonly service: Service;
}

/** @param join.thread started earlier, to save time */
export async function joinJournal(join: {
  readonly settings: Settings;
  readonly clockIsSet: () => boolean;
  readonly thread: JournalThread | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<JournalParts> {
  const { settings, clockIsSet, thread, clock, random, log } = join;
  const broken = brokenJournal();
  const journal = await openJournal(
    {
      folder: settings.journal.folder,
      gateway: settings.gateway.id,
      commitEveryMs: settings.journal.commitEveryMs,
      keepRawHours: settings.journal.keepRawHours,
      bytesMax: settings.journal.bytesMax,
      tellEveryMs: settings.telling.everyMs,
      captures: captureLimitsOf(settings),
      onBroken: broken.report,
      ...{ clock, clockIsSet, random, log },
    },
    thread,
  );
  return { journal, service: broken.service };
}

/** The journal fails as a service does, so that the gateway ends and is started again: the one way to recover. */
function brokenJournal(): {
  readonly report: (failure: unknown) => void;
  readonly service: Service;
} {
  let report: (failure: unknown) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    report = reject;
  });
  broken.catch(() => undefined);
  return {
    report: (failure) => {
      report(failure);
    },
    service: {
      name: "journal",
      broken,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  };
}
