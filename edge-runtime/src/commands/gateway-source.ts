/** Frames for an export, from the runtime or from the file of the journal: whichever can be had just now. */
import { setTimeout as sleep } from "node:timers/promises";

import { DoorClosed } from "@millwright/local-door";

import { journalFile, type JournalFile } from "../buffer/journal-file.ts";
import { JournalInUse } from "../buffer/faults.ts";
import type { Settings } from "../settings/load-settings.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import { runningSource, type ExportSource } from "../sync/carrier/export-source.ts";
import { toPositions } from "../sync/messages.ts";

/** A runtime that starts or ends has the journal and opens no door for some seconds. */
const triesMax = 60;
const tryEveryMs = 250;
const pieceBytesMax = 2 ** 20;

export interface GatewaySource extends ExportSource {
  /** Ledger rows that could not be sealed, because no runtime was there to number them. */
  readonly openClaims: number;
}

/** @param signal ends the waiting for a runtime that is between start and end */
export function gatewaySource(settings: Settings, signal: AbortSignal): GatewaySource {
  const { folder } = settings.journal;
  const running = runningSource(carrierFiles(folder).door);
  const file = journalFile(folder, settings.gateway.id);
  const stopped = stoppedSource(file);
  let openClaims = 0;
  return {
    get openClaims() {
      return openClaims;
    },
    async positions() {
      return await eitherOf(signal, running, stopped, async (source) => {
        const positions = await source.positions();
        openClaims = source === stopped ? file.openClaims() : 0;
        return positions;
      });
    },
    frames: (...asked) => eitherOf(signal, running, stopped, (source) => source.frames(...asked)),
  };
}

async function eitherOf<T>(
  signal: AbortSignal,
  running: ExportSource,
  stopped: ExportSource,
  ask: (source: ExportSource) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(running);
    } catch (failure) {
      if (!(failure instanceof DoorClosed)) throw failure;
    }
    try {
      return await ask(stopped);
    } catch (failure) {
      if (!(failure instanceof JournalInUse) || tries >= triesMax) throw failure;
    }
    await sleep(tryEveryMs, undefined, { signal });
  }
}

function stoppedSource(file: JournalFile): ExportSource {
  // Not plain calls: what the file throws is to become a rejection, as with the runtime.
  return {
    async positions() {
      const { lanes, birth, incarnation } = await Promise.resolve().then(() => file.lanes());
      const epochs = toPositions(lanes);
      return { epochs, journal: birth, ...(incarnation === undefined ? {} : { incarnation }) };
    },
    frames: (epoch, lane, seq) =>
      Promise.resolve().then(() => file.framesAfter(epoch, lane, seq, pieceBytesMax)),
  };
}
