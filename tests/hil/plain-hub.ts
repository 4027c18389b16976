/** A hub in the process of a test, as its settings make it when nobody says more. */
import { join } from "node:path";

import { buildHub, parseSettings, type Hub } from "@millwright/cloud-hub";
import { seededRandom, silentLog, systemClock } from "@millwright/kit";

/** Not started yet. What it keeps stands below the folder. */
export function plainHub(folder: string): Hub {
  const text =
    "{ dataFolder: hub, releaseBelow: stored, http: { port: 0 }, broker: { mebibytesMax: 64 }, writers: 1, logLevel: error }";
  return buildHub(parseSettings(text, join(folder, "hub.yaml")), {
    ...{ clock: systemClock, random: seededRandom(folder), log: silentLog },
    programFolders: (process.env["PATH"] ?? "").split(":"),
  });
}
