/** The screen of models comes when it is first asked for. */
import { FailedState, Skeleton, useResource } from "@millwright/ui-kit";
import type { JSX } from "preact";

import { say } from "./messages.ts";
import type { ModelsScreenProps } from "./models-screen.tsx";

export function LazyModels(props: ModelsScreenProps): JSX.Element {
  const loaded = useResource("models-screen", () => import("./models-screen.tsx"), props.wallMs);
  const { value, failedMs } = loaded;
  if (value !== undefined) return <value.ModelsScreen {...props} />;
  if (failedMs === undefined) return <Skeleton height="30rem" />;
  return <FailedState what={say("trends.page-failed")} sinceMs={failedMs} onRetry={loaded.retry} />;
}
