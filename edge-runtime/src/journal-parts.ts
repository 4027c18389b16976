/**
 * The journal, joined with the settings that bound it, the clock whose state its frames say, and the service that ends when
 * it breaks. Part of `runtime.ts`; it needs nothing else of it, so that it can be opened while the rest is loaded.
 */
import type { Clock, Log, Random, Service } from "@millwright/kit";
import type { Dictionary } from "@millwright/wire-contract";

import type { CaptureLimits } from "./buffer/captures/captures.ts";
import { openJournal, type Journal } from "./buffer/journal.ts";
import type { JournalThread } from "./buffer/journal-thread.ts";
import { GatewayClock, systemTools } from "./normalise/gateway-clock.ts";
import { declaredTags, type Settings } from "./settings/load-settings.ts";

/** A piece is on a metered link for at most half a second: what happens now waits no longer for it. */
const pieceShareOfSecond = 0.5;
const pieceBytesLeast = 4 * 2 ** 10;
const pieceBytesMost = 128 * 2 ** 10;

export interface JournalParts {
  readonly journal: Journal;
  /** Of the tags of the settings, with the numbers that they have in this journal. */
  readonly dictionary: Dictionary;
  readonly gatewayClock: GatewayClock;
  /** Its start has claimed what devices sent until then, µs. */
  readonly downUntilUs: number;
  /** Breaks when the journal does. */
  readonly service: Service;
}

/** @param join.thread started earlier, to save time */
export async function joinJournal(join: {
  readonly settings: Settings;
  readonly thread?: JournalThread;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<JournalParts> {
  const { settings, thread, clock, random, log } = join;
  const gatewayClock = new GatewayClock({ clock, log, tools: systemTools });
  const broken = brokenJournal();
  const downUntilUs = clock.nowUs();
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
      clockIsSet: () => gatewayClock.state === "set",
      ...{ clock, random, log },
    },
    thread,
  );
  try {
    const dictionary = await journal.adoptTags(declaredTags(settings));
    return { journal, dictionary, gatewayClock, downUntilUs, service: broken.service };
  } catch (failure) {
    await journal.close();
    throw failure;
  }
}

function captureLimitsOf({ captures, hub }: Settings): CaptureLimits {
  const linkBytes = (hub?.link.bytesPerSMax ?? Infinity) * pieceShareOfSecond;
  const pieceBytes = Math.round(Math.min(pieceBytesMost, Math.max(pieceBytesLeast, linkBytes)));
  return { bytesMax: captures.bytesMax, pieceBytes };
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
