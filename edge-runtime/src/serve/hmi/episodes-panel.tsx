/** H2: when the machine was not as it usually is, which values say so, and what a person makes of it. */
import {
  AdviceSymbol,
  clockWords,
  FailedState,
  fullTimeWords,
  hrefOf,
  loadJson,
  useResource,
  type LiveStore,
} from "@millwright/ui-kit";
import type { LiveTag } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Episode } from "../../hand-over.ts";
import type { EpisodesAnswer } from "../page-answers.ts";
import { assetViews, episodeNews } from "./assets.ts";
import { besideOf } from "./episode-beside.ts";
import { EpisodeVerdict } from "./episode-verdict.tsx";
import { EpisodeWhy } from "./episode-why.tsx";
import { sayEpisode, scoreWords } from "./episode-messages.ts";

export interface EpisodesPanelProps {
  readonly store: LiveStore;
  readonly asset: string;
  /** Of the address: shown first, however long ago it was. */
  readonly named?: string | undefined;
  /** Of this gateway. */
  readonly tags: readonly LiveTag[];
  readonly wallMs: () => number;
}

const beforeUs = 600_000_000;
const traceStepUs = 30_000_000;

export function EpisodesPanel(props: EpisodesPanelProps): JSX.Element {
  const { asset, named } = props;
  const loaded = useResource(
    `episodes of ${asset} ${named ?? ""} ${episodeNews.value} ${props.store.returns.value}`,
    async (signal) => {
      const query = new URLSearchParams([
        ["asset", asset],
        ...(named === undefined ? [] : [["id", named]]),
      ]);
      const address = `/api/episodes?${query.toString()}`;
      return await loadJson<EpisodesAnswer>(address, signal);
    },
    props.wallMs,
  );
  const [chosen, setChosen] = useState<string>();
  const episodes = loaded.value?.episodes ?? [];
  // What lasts is what somebody came for.
  const lasting = assetViews.value.get(asset)?.episode?.id;
  const shown = episodes.find(({ id }) => id === (chosen ?? named ?? lasting)) ?? episodes[0];
  return (
    <section class="episodes">
      <h2>{sayEpisode("title")}</h2>
      {loaded.failedMs !== undefined && (
        <FailedState what={sayEpisode("failed")} sinceMs={loaded.failedMs} onRetry={loaded.retry} />
      )}
      {shown === undefined ? (
        <p class="episodes-none">
          <strong>{sayEpisode("none", { asset })}</strong> {sayEpisode("none.what")}
        </p>
      ) : (
        <div class="episodes-body">
          <ul class="episode-list">
            {episodes.map((episode) => (
              <li key={episode.id}>
                <Row
                  episode={episode}
                  chosen={episode.id === shown.id}
                  onChoose={() => setChosen(episode.id)}
                />
              </li>
            ))}
          </ul>
          <Detail
            key={shown.id}
            {...props}
            episode={shown}
            beside={besideOf(shown, episodes)}
            onJudged={loaded.retry}
          />
        </div>
      )}
    </section>
  );
}

function Row(props: {
  readonly episode: Episode;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}): JSX.Element {
  const { event } = props.episode;
  return (
    <button type="button" class="episode-row" aria-pressed={props.chosen} onClick={props.onChoose}>
      <AdviceSymbol />
      <span>
        <strong>{sayEpisode(`class.${event.class}`)}</strong>
        <span class="episode-time">{timeWords(props.episode)}</span>
      </span>
    </button>
  );
}

function Detail(
  props: EpisodesPanelProps & {
    readonly episode: Episode;
    readonly beside: ReturnType<typeof besideOf>;
    readonly onJudged: () => void;
  },
): JSX.Element {
  const { episode, beside } = props;
  const { event } = episode;
  const levels = event.levels.map((level) => sayEpisode(`level.${level}`)).join(", ");
  const named = new Set<string>(props.tags.map(({ id }) => id));
  const trended = event.contributions.map(({ tag }) => tag).filter((tag) => named.has(tag));
  // A live trace moves on with each step of this, and not with each frame.
  const toUs = event.endUs ?? Math.ceil(props.store.nowUs() / traceStepUs) * traceStepUs;
  return (
    <div class="episode-detail">
      <p>
        {sayEpisode("episode.score", { score: scoreWords(event.score, 1) })} ·{" "}
        {sayEpisode("seen.by", { levels, detectors: event.detectors.join(", ") })}
      </p>
      {beside !== undefined && <p>{sayEpisode(`beside.${beside}`)}</p>}
      <EpisodeWhy
        store={props.store}
        event={event}
        tags={props.tags}
        range={{ fromUs: event.beginUs - beforeUs, toUs }}
      />
      <div class="button-row">
        {trended.length > 0 && (
          <a
            class="button"
            href={hrefOf(
              "trends",
              `${Math.round((event.beginUs - beforeUs) / 1e6)}-${Math.round(toUs / 1e6)}`,
              ...trended.slice(0, 3),
            )}
          >
            {sayEpisode("episode.trend")}
          </a>
        )}
      </div>
      <EpisodeVerdict episode={episode} onJudged={props.onJudged} />
    </div>
  );
}

function timeWords({ event }: Episode): string {
  if (event.endUs === undefined) return sayEpisode("lasts", { time: fullTimeWords(event.beginUs) });
  return sayEpisode("ended", { from: fullTimeWords(event.beginUs), to: clockWords(event.endUs) });
}
