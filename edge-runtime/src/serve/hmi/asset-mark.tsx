/** What a machine is doing, and whether it behaves as it usually does: beside its name. */
import { AdviceSymbol, briefSinceWords, browserClock, sinceWords } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { OperatingState } from "@millwright/wire-contract/events";
import type { JSX } from "preact";

import type { AssetHealth } from "../../hand-over.ts";
import { assetViews } from "./assets.ts";
import { sayEpisode, scoreWords } from "./episode-messages.ts";

/**
 * Nothing where the settings declare no such asset.
 *
 * @param brief on a tile, which has one line for it: the state, or that there is an anomaly; `alone` where nothing follows,
 *   so that there is room for since when
 */
export function AssetMark(props: {
  readonly asset: string;
  readonly brief?: "alone" | "followed";
}): JSX.Element | null {
  const view = useComputed(() => assetViews.value.get(props.asset)).value;
  if (view === undefined) return null;
  const { state, episode } = view;
  const word = sayEpisode(`state.${state.state}`);
  if (props.brief === "alone") {
    return (
      <span class="asset-mark">
        {episode !== undefined && <Anomaly view={view} words={briefSinceWords} />}
      </span>
    );
  }
  if (props.brief === "followed") {
    return (
      <span class="asset-mark">
        {episode === undefined ? (
          <>
            <OperatingBody state={state.state} />
            <span>{word}</span>
          </>
        ) : (
          <>
            <AdviceSymbol size={20} />
            <span>{sayEpisode("anomaly.short")}</span>
          </>
        )}
        <span class="asset-mark-between" aria-hidden="true">
          ·
        </span>
      </span>
    );
  }
  return (
    <div class="asset-line">
      <span class="asset-mark">
        <OperatingBody state={state.state} />
        <span>
          {state.sinceUs === 0
            ? word
            : sayEpisode("state.since", { state: word, time: sinceWords(state.sinceUs, nowUs()) })}
        </span>
      </span>
      <Score view={view} />
    </div>
  );
}

/** @param words how since when is said: an anomaly may last for weeks */
function Anomaly(props: {
  readonly view: AssetHealth;
  readonly words: (us: number, nowUs: number) => string;
}): JSX.Element {
  const beginUs = props.view.episode?.event.beginUs ?? 0;
  return (
    <>
      <AdviceSymbol size={20} />
      <span>{sayEpisode("anomaly", { time: props.words(beginUs, nowUs()) })}</span>
    </>
  );
}

/** Twice the limit is the end of the track: beyond, how much more says nothing more. */
const scoreMost = 2;

function Score(props: { readonly view: AssetHealth }): JSX.Element {
  const { score, learnt, episode } = props.view;
  if (learnt < 1 && episode === undefined) {
    const share = String(Math.floor(100 * learnt));
    return <span class="asset-score">{sayEpisode("score.learning", { share })}</span>;
  }
  const shown = scoreWords(score, 2);
  const share = Math.min(1, score / scoreMost);
  return (
    <span class="asset-score">
      <span>{sayEpisode("score.label")}</span>
      <span class="asset-digits">{shown}</span>
      <span class="range-track asset-track">
        <span class="range-band" style={{ left: "0", width: `${100 / scoreMost}%` }} />
        <span
          class="range-pointer"
          data-beyond={score > scoreMost ? "high" : ""}
          style={{ transform: `translateX(${(100 * share).toFixed(1)}%)` }}
        />
        <span class="hidden-text">{sayEpisode("score.reads", { score: shown })}</span>
      </span>
      {episode !== undefined && <Anomaly view={props.view} words={sinceWords} />}
    </span>
  );
}

/** Filled light while it runs, dark while it stands, half in between, dashed when nobody knows (ux-guide 4). */
function OperatingBody(props: { readonly state: OperatingState | "unknown" }): JSX.Element {
  const { state } = props;
  const drawn = state === "running" ? "live" : state === "off" ? "down" : "connecting";
  return (
    <span class="state-body">
      <svg
        viewBox="0 0 20 20"
        width="20"
        height="20"
        aria-hidden="true"
        data-state={state === "unknown" ? "unknown" : drawn}
      >
        <circle class="body" cx="10" cy="10" r="7" />
        {state !== "unknown" && drawn === "connecting" && (
          <path class="half" d="M4 10a6 6 0 0 0 12 0z" />
        )}
      </svg>
    </span>
  );
}

function nowUs(): number {
  return browserClock.wallMs() * 1_000;
}
