import { join } from "node:path";

/** Where the driver of a device keeps its own files: certificates, trust lists. */
export function deviceFolder(journalFolder: string, device: string): string {
  return join(journalFolder, "devices", device);
}
