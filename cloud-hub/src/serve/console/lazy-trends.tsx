/** The screen of charts comes when it is first asked for: the list of gateways does not carry it. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import { say } from "./messages.ts";
import type { TrendsScreenProps } from "./trends-screen.tsx";

export function LazyTrends(props: TrendsScreenProps): JSX.Element {
  const loaded = useResource("trends", () => import("./trends-screen.tsx"), props.wallMs);
  const { value, failedMs } = loaded;
  if (value !== undefined) return <value.TrendsScreen {...props} />;
  if (failedMs === undefined) return <Skeleton height="30rem" />;
  return <FailedState what={say("trends.page-failed")} sinceMs={failedMs} onRetry={loaded.retry} />;
}
