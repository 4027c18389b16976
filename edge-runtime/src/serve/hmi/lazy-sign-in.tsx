/** The screen of signing in comes when it is first asked for: the overview does not carry it. */
import { FailedState, Skeleton, useResource, type PageClock } from "@millwright/ui-kit";
import type { JSX } from "preact";

import { say } from "./messages.ts";
import type { SignInScreenProps } from "./sign-in-screen.tsx";

export function LazySignIn(props: SignInScreenProps & { readonly clock: PageClock }): JSX.Element {
  const loaded = useResource(
    "sign-in",
    () => import("./sign-in-screen.tsx"),
    () => props.clock.wallMs(),
  );
  if (loaded.value !== undefined) {
    const { SignInScreen } = loaded.value;
    return <SignInScreen back={props.back} />;
  }
  if (loaded.failedMs === undefined) return <Skeleton height="24rem" />;
  return <FailedState what={say("page.failed")} sinceMs={loaded.failedMs} onRetry={loaded.retry} />;
}
