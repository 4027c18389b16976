import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Name and version of this program, as it is told to the hub and shown on the gateway page. */
export function software(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  return `millwright ${version}`;
}
