/** What exports may take of the machine, which they share with the database and the intake of samples. */
import { statfsSync } from "node:fs";

/**
 * Exports on their way at once. Each may hold 512 MB of memory and two threads (`duck.ts`); a second one, so that nobody
 * waits for a colleague's slow line.
 */
export const exportsMax = 2;

/**
 * Bytes free on the disk of the scratch folder. A full disk stops the database: an export on its way ends while there is
 * still room for it; one begins with room for the pieces and spilled files of two beside (some 1.3 GB each).
 */
const freeBytesMin = { "on its way": 1 * 2 ** 30, "to begin": 4 * 2 ** 30 } as const;

export function hasRoom(folder: string, when: keyof typeof freeBytesMin): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= freeBytesMin[when];
}
