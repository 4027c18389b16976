import { accessSync, constants, globSync, statSync } from "node:fs";
import { join } from "node:path";

import { ProgramMissing } from "./child-faults.ts";

export interface ProgramPlaces {
  /** A path from the settings: when there is one, nothing else is tried. */
  readonly chosen?: string | undefined;
  /** The folders of PATH. */
  readonly path: readonly string[];
  /** Folders of distributions, with wildcards; the last in the order of names is the newest version and is taken first. */
  readonly usual: readonly string[];
  /** Folders of npm packages that ship the program. */
  readonly packaged: readonly string[];
  /** What to install when it is nowhere. */
  readonly debianPackage: string;
}

/**
 * The folder that holds all of `programs`. They must come from one place, because `initdb` of one version makes a
 * folder that `postgres` of another does not read.
 */
export function findPrograms(programs: readonly string[], places: ProgramPlaces): string {
  const folders =
    places.chosen === undefined
      ? [...places.path, ...places.usual.flatMap(newestFirst), ...places.packaged]
      : [places.chosen];
  const found = folders.find((folder) =>
    programs.every((program) => isProgram(join(folder, program))),
  );
  if (found !== undefined) return found;
  const tried =
    places.chosen === undefined ? ["PATH", ...places.usual, ...places.packaged] : [places.chosen];
  throw new ProgramMissing(programs.join(" and "), tried, places.debianPackage);
}

function newestFirst(pattern: string): readonly string[] {
  return globSync(pattern).toSorted((a, b) =>
    b.localeCompare(a, undefined, { numeric: true, sensitivity: "base" }),
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
