import type { JSX } from "preact";

import { FailedState, Skeleton } from "./states.tsx";
import { useResource } from "./use-resource.ts";

export type Screen<Props> = (props: Props) => JSX.Element;

/**
 * A screen that comes when it is first asked for: what a page carries from the beginning everybody waits for.
 *
 * @param load imports the module with the screen `name`; called again after a failure
 * @param wallMs the time a failure is told with, ms since 1970 UTC
 * @param height of the room that is kept for it
 */
export function lazyScreen<Name extends string, Props extends object>(
  load: () => Promise<Readonly<Record<Name, Screen<Props>>>>,
  name: Name,
  wallMs: (props: Props) => number,
  height: string,
): Screen<Props> {
  return function LazyScreen(props: Props): JSX.Element {
    const loaded = useResource(name, load, () => wallMs(props));
    const { value, failedMs } = loaded;
    if (value !== undefined) {
      const Loaded: Screen<Props> = value[name];
      return <Loaded {...props} />;
    }
    if (failedMs === undefined) return <Skeleton height={height} />;
    return <FailedState sinceMs={failedMs} onRetry={loaded.retry} />;
  };
}
