/** H7 in its first form: is the box itself all right, how much waits, which devices deliver? */
import {
  countWords,
  DeviceList,
  durationWords,
  hubWordsOf,
  intervalWords,
  ThemeChoice,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";

export function GatewayScreen(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
}): JSX.Element {
  const { store, page } = props;
  return (
    <>
      <div class="screen-head">
        <h1>{say("gateway.title", { name: page.name })}</h1>
      </div>
      <div class="panels">
        <SyncPanel store={store} page={page} />
        <section class="panel">
          <h2>{say("gateway.display")}</h2>
          <ThemeChoice />
        </section>
      </div>
      <section class="panel">
        <h2>{say("gateway.devices")}</h2>
        <DeviceList store={store} none={say("gateway.no-devices")} />
      </section>
    </>
  );
}

function SyncPanel(props: { readonly store: LiveStore; readonly page: GatewayPage }): JSX.Element {
  const { store, page } = props;
  const link = useComputed(() => hubWordsOf(store.hub.value, store.secondUs.value));
  const waiting = useComputed(() =>
    say("gateway.waiting.words", {
      samples: countWords(store.hub.value?.waitingSamples ?? 0),
      frames: countWords(store.hub.value?.waitingFrames ?? 0),
    }),
  );
  const behind = useComputed(() =>
    (store.hub.value?.waitingFrames ?? 0) === 0
      ? say("gateway.behind.none")
      : durationWords(store.hub.value?.behindMs ?? 0),
  );
  const clock = useComputed(() => clockAheadWords(store.clockAheadMs.value));
  const facts = [
    [say("gateway.state"), link],
    [say("gateway.waiting"), waiting],
    [say("gateway.behind"), behind],
    ...(page.commitEveryMs === undefined
      ? []
      : [
          [
            say("gateway.commit"),
            say("gateway.commit.words", { time: intervalWords(page.commitEveryMs) }),
          ] as const,
        ]),
    [say("gateway.software"), page.software],
    [say("gateway.clock"), clock],
  ] as const;
  return (
    <section class="panel">
      <h2>{say("gateway.sync")}</h2>
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Beyond 2 s a person comparing watches would notice (ux-guide 7). */
function clockAheadWords(aheadMs: number): string {
  if (Math.abs(aheadMs) <= 2_000) return say("gateway.clock.ok");
  const time = durationWords(Math.abs(aheadMs));
  return say(aheadMs > 0 ? "gateway.clock.ahead" : "gateway.clock.behind", { time });
}
