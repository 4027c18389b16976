/** The screen of alarms comes when it is first asked for: the list of gateways does not carry it. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { AlarmsScreenProps } from "./alarms-screen.tsx";
import { say } from "./messages.ts";

export function LazyAlarms(props: AlarmsScreenProps): JSX.Element {
  const loaded = useResource("alarms", () => import("./alarms-screen.tsx"), props.wallMs);
  const { value, failedMs } = loaded;
  if (value !== undefined) return <value.AlarmsScreen {...props} />;
  if (failedMs === undefined) return <Skeleton height="30rem" />;
  return <FailedState what={say("trends.page-failed")} sinceMs={failedMs} onRetry={loaded.retry} />;
}
