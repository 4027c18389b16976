/** What a panel shows when it has nothing to show: each of them says why (ux-guide 9, "states every screen implements"). */
import type { ComponentChildren, JSX } from "preact";

import { clockWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { Button } from "./button.tsx";

export function EmptyState(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <section class="empty-state">
      <h2>{props.title}</h2>
      {props.children}
    </section>
  );
}

/** A panel that could not be filled. The others live on. */
export function FailedState(props: {
  /** Left out: the program of this part. */
  readonly what?: string;
  /** Since when, ms since 1970 UTC by this device. */
  readonly sinceMs: number;
  readonly onRetry: () => void;
}): JSX.Element {
  const { what = sayKit("part.failed") } = props;
  const time = clockWords(props.sinceMs * 1_000);
  return (
    <section class="empty-state" role="status">
      <p>{sayKit("failed.since", { what, time })}</p>
      <Button label={sayKit("try-again")} onPress={props.onRetry} />
    </section>
  );
}

/** A block of the final size. It shows itself only after 300 ms: what comes sooner needs no announcement. */
export function Skeleton(props: { readonly height: string }): JSX.Element {
  return (
    <div class="skeleton" style={{ height: props.height }}>
      <span>{sayKit("loading")}</span>
    </div>
  );
}
