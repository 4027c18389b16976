/** The links of the page in words, and the one place where the loss of the stream is said. */
import { effect, useComputed } from "@preact/signals";
import type { HubLink } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { LinkView } from "../live/link-view.ts";
import type { LiveStore } from "../live/live-store.ts";
import { beatWords, durationWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { roughCountWords } from "../words/numbers.ts";
import { Button } from "./button.tsx";
import { writeData, writeText } from "./paint.ts";

/** `Live 0.2 s`: painted once a second, or at once when the link changes its kind. */
export function LinkStatus(props: {
  readonly store: Pick<LiveStore, "secondUs" | "link">;
}): JSX.Element {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    let painted: string = "";
    return effect(() => {
      const second = props.store.secondUs.value;
      const link = props.store.link.value;
      const key = `${link.kind} ${second}`;
      if (key === painted) return;
      painted = key;
      writeText(place.current, linkWords(link));
      writeData(place.current, "link", link.kind);
    });
  }, [props.store]);
  return <span class="link-status" ref={place} />;
}

export function linkWords(link: LinkView): string {
  switch (link.kind) {
    case "opening":
      return sayKit("link.opening");
    case "live":
      return sayKit("link.live", { age: beatWords(link.ageMs) });
    case "slow":
      return sayKit("link.slow", { age: beatWords(link.ageMs) });
    case "lost":
      return sayKit("link.lost");
  }
}

/** `Hub: in sync`. Trouble with the hub is normal life: grey text, never an alarm (ux-guide 7). */
export function HubStatus(props: { readonly store: LiveStore }): JSX.Element {
  const { store } = props;
  const words = useComputed(() => hubWordsNow(store));
  return <span class="hub-status">{words}</span>;
}

/** What was known of the hub before the gateway was lost is not what is. */
export function hubWordsNow(store: LiveStore): string {
  if (store.lost.value) return sayKit("hub.lost");
  return hubWordsOf(store.hub.value, store.secondUs.value);
}

function hubWordsOf(hub: HubLink | undefined, nowUs: number): string {
  if (hub === undefined) return sayKit("hub.unknown");
  switch (hub.state) {
    case "in sync":
      return sayKit("hub.in-sync");
    case "off":
      return sayKit("hub.off");
    case "behind":
      return sayKit("hub.behind", {
        age: durationWords(hub.behindMs),
        count: roughCountWords(hub.waitingSamples),
      });
    case "unreachable":
      return sayKit(hub.roomS === undefined ? "hub.unreachable" : "hub.unreachable.room", {
        age: durationWords((nowUs - hub.sinceUs) / 1_000),
        count: roughCountWords(hub.waitingSamples),
        room: durationWords((hub.roomS ?? 0) * 1_000),
      });
  }
}

/** Shown in a place that is always there, so nothing moves when the link goes. */
export function LostNotice(props: {
  readonly store: Pick<LiveStore, "lost" | "link"> & { retryNow(): void };
  readonly peer: "gateway" | "hub";
}): JSX.Element | null {
  const { store } = props;
  const shown = useComputed(() => store.lost.value);
  const words = useComputed(() => lostWords(store.link.value, sayKit(`peer.${props.peer}`)));
  const retry = useComputed(() => retryWords(store.link.value));
  if (!shown.value) return null;
  return (
    <div class="lost-notice">
      <p role="status">
        <strong>{words}</strong>
      </p>
      <p class="lost-retry">{retry}</p>
      <Button label={sayKit("link.try-now")} onPress={() => store.retryNow()} />
    </div>
  );
}

function lostWords(link: LinkView, peer: string): string {
  if (link.kind !== "lost" || link.ageMs === undefined) return sayKit("link.lost.none", { peer });
  return sayKit("link.lost.values", { peer, age: durationWords(link.ageMs) });
}

function retryWords(link: LinkView): string {
  if (link.kind !== "lost" || link.retryInMs === undefined) return sayKit("link.trying");
  return sayKit("link.retry", { time: `${Math.ceil(link.retryInMs / 1_000)} s` });
}
