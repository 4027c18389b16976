/** The screen of alarms comes when it is first asked for; the strip and the counts are there from the beginning. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { AlarmsScreenProps } from "./alarms-screen.tsx";
import { say } from "./messages.ts";

export function LazyAlarms(props: AlarmsScreenProps): JSX.Element {
  const loaded = useResource(
    "alarms",
    () => import("./alarms-screen.tsx"),
    () => props.clock.wallMs(),
  );
  if (loaded.value !== undefined) {
    const { AlarmsScreen } = loaded.value;
    return <AlarmsScreen {...props} />;
  }
  if (loaded.failedMs === undefined) return <Skeleton height="24rem" />;
  return <FailedState what={say("page.failed")} sinceMs={loaded.failedMs} onRetry={loaded.retry} />;
}
