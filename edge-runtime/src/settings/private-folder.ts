import { join } from "node:path";

/** Beside the journal and in no backup: who steals one must not be able to guess PINs with it, or to speak as this gateway. */
export const privateFolderName = "private";

/** @param folder of the journal */
export function privateFolder(folder: string): string {
  return join(folder, privateFolderName);
}
