/** The ledger of a gateway as CSV, for who has to account for it elsewhere. */
import { csvLine, csvTime } from "../csv-line.ts";
import type { RepairedClaim } from "./charges.ts";

export const ledgerCsvHead: string = csvLine([
  ...["gateway", "reason", "scope", "of", "from", "to", "count", "samples", "repaired"],
]);

/** `count` is `exact`, `scheduled` (polls that should have been) or `unknown`, which has no samples: at least one. */
export function ledgerCsvLine(gateway: string, entry: RepairedClaim): string {
  const { reason, scope, fromUs, toUs, count, repaired } = entry;
  return csvLine([
    gateway,
    reason,
    scope.kind,
    scope.kind === "tag" ? scope.tag : scope.kind === "device" ? scope.device : "",
    csvTime(fromUs),
    csvTime(toUs),
    count.kind,
    count.kind === "unknown" ? "" : count.samples,
    repaired,
  ]);
}
