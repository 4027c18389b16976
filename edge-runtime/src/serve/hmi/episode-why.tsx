/** The three values that contribute most, each with its expected band and its actual trace (ux-guide H2). */
import { quantityWords, Sparkline, type LiveStore } from "@millwright/ui-kit";
import type { LiveTag } from "@millwright/wire-contract";
import type { Contribution, EpisodeEvent } from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { sayEpisode, sayEpisodeCount } from "./episode-messages.ts";

const most = 3;

export function EpisodeWhy(props: {
  readonly store: LiveStore;
  readonly event: EpisodeEvent;
  readonly tags: readonly LiveTag[];
  /** What the traces show. */
  readonly range: { readonly fromUs: number; readonly toUs: number };
}): JSX.Element {
  const { contributions } = props.event;
  const rest = contributions.length - most;
  return (
    <>
      <h3>{sayEpisode("why.title")}</h3>
      <ul class="why">
        {contributions.slice(0, most).map((contribution) => (
          <li key={contribution.tag}>
            <Why {...props} contribution={contribution} />
          </li>
        ))}
      </ul>
      {rest > 0 && <p class="why-rest">{sayEpisodeCount("why.more", rest)}</p>}
    </>
  );
}

function Why(props: {
  readonly store: LiveStore;
  readonly tags: readonly LiveTag[];
  readonly range: { readonly fromUs: number; readonly toUs: number };
  readonly contribution: Contribution;
}): JSX.Element {
  const { contribution } = props;
  const tag = props.tags.find(({ id }) => id === contribution.tag);
  const share = String(Math.round(100 * contribution.share));
  const { expected, within } = contribution;
  // The same object again: a trace is fetched anew for another one.
  const drawn = useMemo(() => expectedOf(tag, expected, within), [tag, expected, within]);
  return (
    <>
      <p class="why-head">
        <strong>{tag?.name ?? contribution.tag}</strong>
        <span>{sayEpisode("why.share", { share })}</span>
      </p>
      <p class="why-words">{whyWords(tag, contribution)}</p>
      {drawn !== undefined && (
        <Sparkline store={props.store} tag={drawn} base="/api" range={props.range} />
      )}
    </>
  );
}

/** The tag with what was expected of it as its normal range, so that the picture shows that band. */
function expectedOf(
  tag: LiveTag | undefined,
  expected: number | null,
  within: number | null,
): LiveTag | undefined {
  if (tag === undefined || expected === null || within === null) return tag;
  return { ...tag, low: expected - within, high: expected + within };
}

function whyWords(tag: LiveTag | undefined, contribution: Contribution): string {
  const { actual, expected, within } = contribution;
  const words = (value: number): string =>
    tag === undefined ? String(value) : quantityWords(tag, value);
  if (actual === null) return sayEpisode("why.missing");
  if (expected === null || within === null)
    return sayEpisode("why.actual", { actual: words(actual) });
  return sayEpisode("why.band", {
    low: words(expected - within),
    high: words(expected + within),
    actual: words(actual),
  });
}
