/** The trend of a machine comes after its values: nobody waits for it before they stand there, and its room is kept. */
import { FailedState, hrefOf, Skeleton, useResource } from "@millwright/ui-kit";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";

import type { AssetTrendProps } from "./asset-trend.tsx";
import { say } from "./messages.ts";

/** So many hours, of so many values (ux-guide 8, H2). */
const hours = 6;
export const assetTrendTags = 4;
/** Leaves the first of the machine's values in sight on a panel of 800 px. */
const heightPx = 160;
/** With the words above it, and below it its marks with theirs (68 + 4 + 64 px), each 8 px away. */
const room = `calc(var(--label-line) + ${2 + 8 + heightPx + 8 + 136}px)`;

export function LazyAssetTrend(
  props: Pick<AssetTrendProps, "store" | "tags" | "wallMs">,
): JSX.Element {
  const loaded = useResource("asset trend", () => import("./asset-trend.tsx"), props.wallMs);
  return (
    <section class="brief-trend">
      <h2 class="hidden-text">{assetTrendWords()}</h2>
      {loaded.value !== undefined ? (
        <loaded.value.AssetTrend {...props} spanUs={hours * 3_600e6} height={heightPx} />
      ) : loaded.failedMs !== undefined ? (
        <FailedState sinceMs={loaded.failedMs} onRetry={loaded.retry} />
      ) : (
        <>
          <Skeleton height={room} />
          <div class="pens">
            {props.tags.map(({ id }) => (
              <Skeleton key={id} height="64px" />
            ))}
          </div>
        </>
      )}
    </section>
  );
}

/** What it is called, and the way to it. */
export function assetTrendWords(): string {
  return say("asset.trend", { hours: String(hours) });
}

/** The same values over another time, beside others, and earlier ones. */
export function trendHref(tags: readonly LiveTag[]): string {
  return hrefOf("trends", `${hours}h`, ...tags.map(({ id }) => id));
}
