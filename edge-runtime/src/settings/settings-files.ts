/** Which files belong to a settings file: what it names, and what a template names in turn. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { parse } from "yaml";

/**
 * Absolute paths, the settings file first; those that do not exist are left out.
 *
 * @param file one that `loadSettings` accepts
 */
export function settingsFiles(file: string): readonly string[] {
  const found = new Set([resolve(file)]);
  collect(file, found);
  return [...found].filter((path) => existsSync(path));
}

function collect(file: string, found: Set<string>): void {
  const folder = dirname(resolve(file));
  walk(parse(readFileSync(file, "utf8")), (key, text) => {
    if (key === "template") {
      const template = resolve(folder, text);
      if (found.has(template) || !existsSync(template)) return;
      found.add(template);
      collect(template, found);
    } else if (key === "tags" || key.endsWith("File")) {
      found.add(resolve(folder, text));
    }
  });
}

function walk(value: unknown, take: (key: string, text: string) => void): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inside] of Object.entries(value as Record<string, unknown>)) {
    if (typeof inside === "string") take(key, inside);
    else walk(inside, take);
  }
}
