/** The episodes of a machine come after its values: nobody waits for them before the values stand there. */
import { Skeleton, useResource } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { JSX } from "preact";

import { assetViews } from "./assets.ts";
import type { EpisodesPanelProps } from "./episodes-panel.tsx";

/** Nothing where the settings declare no such asset. */
export function LazyEpisodes(props: EpisodesPanelProps): JSX.Element | null {
  const declared = useComputed(() => assetViews.value.has(props.asset)).value;
  const loaded = useResource(
    declared ? "episodes" : "none",
    async () => (declared ? await import("./episodes-panel.tsx") : undefined),
    props.wallMs,
  );
  if (!declared) return null;
  if (loaded.value === undefined) return <Skeleton height="12rem" />;
  const { EpisodesPanel } = loaded.value;
  return <EpisodesPanel {...props} />;
}
