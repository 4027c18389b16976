import { extname, join } from "node:path";

/** The host's program: beside this file in the source, and beside the part that this file ends up in when built. */
export function hostFile(): string {
  return join(import.meta.dirname, `host-main${extname(import.meta.filename)}`);
}
