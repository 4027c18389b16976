/** The screen of charts comes when it is first asked for: the overview does not carry it. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import { say } from "./messages.ts";
import type { TrendsScreenProps } from "./trends-screen.tsx";

export function LazyTrends(props: TrendsScreenProps): JSX.Element {
  const loaded = useResource(
    "trends",
    () => import("./trends-screen.tsx"),
    () => props.clock.wallMs(),
  );
  if (loaded.value !== undefined) {
    const { TrendsScreen } = loaded.value;
    return <TrendsScreen {...props} />;
  }
  if (loaded.failedMs === undefined) return <Skeleton height="24rem" />;
  return <FailedState what={say("page.failed")} sinceMs={loaded.failedMs} onRetry={loaded.retry} />;
}
