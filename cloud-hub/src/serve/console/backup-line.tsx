import { durationWords } from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { BackupStatus } from "../../hand-over.ts";
import { say } from "./messages.ts";

/** How old the newest verified backup of the hub is; said as what needs a person when the schedule missed one. */
export function BackupLine(props: {
  readonly backup: BackupStatus | undefined;
  readonly nowUs: number;
}): JSX.Element | null {
  const { backup, nowUs } = props;
  if (backup === undefined) return null;
  const { state, newestUs, failure } = backup;
  const age = durationWords(Math.max(0, nowUs - newestUs) / 1_000);
  const words =
    newestUs === 0
      ? say(`backup.${state === "late" ? "none-yet" : "none"}`)
      : say("backup.age", { age });
  if (state !== "late") return <p class="quiet">{words}</p>;
  return (
    <p class="backup-late" role="status">
      {words} {newestUs === 0 ? "" : say("backup.late")}
      {failure === "" ? "" : ` ${say("backup.failure", { reason: failure })}`}
    </p>
  );
}
