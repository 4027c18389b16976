/** A copy of the gateway's journal: by the runtime, or from its file where none runs. */
import { setTimeout as sleep } from "node:timers/promises";

import { callDoor, DoorClosed } from "@millwright/local-door";

import { JournalInUse } from "../buffer/faults.ts";
import { copyStoppedJournal } from "../buffer/journal-copy.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import { BackupFailed } from "./backup-faults.ts";

/** A runtime that starts or ends has the journal and opens no door for some seconds. */
const triesMax = 60;
const tryEveryMs = 250;

/** Of a gateway that runs, which works on meanwhile, or of one that does not. @param to an absolute path */
export async function copyJournal(folder: string, to: string, signal: AbortSignal): Promise<void> {
  const { door } = carrierFiles(folder);
  for (let tries = 1; ; tries++) {
    try {
      const answer = await callDoor(door, "/copy-journal", Buffer.from(to));
      if (answer instanceof Uint8Array) return;
      throw new BackupFailed(
        `the journal was not copied: ${answer.reason}`,
        "Make room where the backup is to lie, and see that the gateway's user may write there.",
      );
    } catch (failure) {
      if (!(failure instanceof DoorClosed)) throw failure;
    }
    try {
      await copyStoppedJournal(folder, to);
      return;
    } catch (failure) {
      if (!(failure instanceof JournalInUse) || tries >= triesMax) throw failure;
    }
    await sleep(tryEveryMs, undefined, { signal });
  }
}
