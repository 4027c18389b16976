/** The screen of control comes when it is first asked for. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { ControlScreenProps } from "./control-screen.tsx";
import { say } from "./messages.ts";

export function LazyControl(props: ControlScreenProps): JSX.Element {
  const loaded = useResource(
    "control",
    () => import("./control-screen.tsx"),
    () => props.clock.wallMs(),
  );
  if (loaded.value !== undefined) {
    const { ControlScreen } = loaded.value;
    return <ControlScreen {...props} />;
  }
  if (loaded.failedMs === undefined) return <Skeleton height="24rem" />;
  return <FailedState what={say("page.failed")} sinceMs={loaded.failedMs} onRetry={loaded.retry} />;
}
