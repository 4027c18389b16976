import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { FolderNotWritable } from "./child-faults.ts";

/**
 * Makes the folder that the children keep their data in, and sees that it can be written to. Found out before anything is
 * started, because a database tells it less clearly.
 */
export function openDataFolder(folder: string): void {
  const trial = join(folder, ".writable");
  try {
    mkdirSync(folder, { recursive: true });
    // PostgreSQL, which root may not run, has to pass through and nothing more.
    if (process.getuid?.() === 0) chmodSync(folder, 0o711);
    writeFileSync(trial, "");
    rmSync(trial);
  } catch (cause) {
    throw new FolderNotWritable(
      folder,
      "Give the user who starts the hub the right to write there, make room on the disk, or choose another dataFolder.",
      { cause },
    );
  }
}
