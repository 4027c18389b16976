/** Tab "Sync": what is stored here, what is on its way, and what nobody can explain. */
import {
  browserClock,
  countWords,
  durationWords,
  fullTimeWords,
  intervalWords,
  roughCountWords,
  sinceWords,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed, type ReadonlySignal } from "@preact/signals";
import type { GatewayPage, GatewayRow, HubLink } from "@millwright/wire-contract";
import type { JSX } from "preact";

import type { Quarantined } from "../../hub-views.ts";
import { keyFacts, KeyChanged, useGatewayKey } from "./gateway-key.tsx";
import { LazyRecordings } from "./lazy-screens.ts";
import { say, sayCount } from "./messages.ts";

export function GatewaySync(props: {
  readonly gateway: string;
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly row: GatewayRow | undefined;
  readonly quarantine: readonly Quarantined[];
}): JSX.Element {
  const { store, page, row } = props;
  const quarantine = props.quarantine.filter((one) => one.gateway === props.gateway);
  const key = useGatewayKey(props.gateway);
  const link = useComputed(() => linkWords(store.hub.value, store.secondUs.value));
  const wasHeard = row === undefined || row.lastBeatUs > 0;
  const waiting = useComputed(() => waitingWords(store.hub.value, wasHeard));
  const oldest = useComputed(() => oldestWords(store.hub.value));
  const facts: readonly (readonly [string, string | ReadonlySignal<string>])[] = [
    [say("gateway.link"), link],
    [say("gateway.waiting"), waiting],
    [say("gateway.oldest"), oldest],
    ...(row === undefined
      ? []
      : ([
          [say("gateway.stored"), countWords(row.storedSamples)],
          [say("gateway.unexplained"), countWords(row.unexplained)],
          [say("gateway.quarantined"), countWords(row.quarantined)],
          [say("gateway.heard"), fullTimeWords(row.lastBeatUs)],
          ...(row.clock === undefined
            ? []
            : [[say("gateway.own-clock"), clockWords(row.clock)] as const]),
        ] as const)),
    ...(page.commitEveryMs === undefined
      ? []
      : [[say("gateway.commit"), intervalWords(page.commitEveryMs)] as const]),
    [say("gateway.software"), page.software],
    ...keyFacts(key),
  ];
  return (
    <>
      <section class="panel">
        <h2>{say("gateway.sync")}</h2>
        <KeyChanged gateway={props.gateway} view={key} />
        <dl class="facts">
          {facts.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
          {row !== undefined && row.hmi !== "" && (
            <div>
              <dt>{say("gateway.hmi")}</dt>
              <dd>
                <a class="link" href={row.hmi}>
                  {row.hmi}
                </a>
              </dd>
            </div>
          )}
        </dl>
        <p>
          <a class="button" download href={ledgerHref(props.gateway, store.secondUs.value)}>
            {say("gateway.ledger", { days: String(ledgerDays) })}
          </a>
        </p>
        {quarantine.length > 0 && (
          <>
            <h3>{say("gateway.quarantine")}</h3>
            <ul class="quarantine-list">
              {quarantine.map((one) => (
                <li key={`${one.receivedUs} ${one.reason}`}>
                  {say("gateway.quarantine.one", {
                    time: fullTimeWords(one.receivedUs),
                    reason: one.reason,
                    bytes: countWords(one.bytes),
                  })}
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <LazyRecordings
        page={page}
        nowUs={() => store.secondUs.peek()}
        wallMs={() => browserClock.wallMs()}
      />
    </>
  );
}

/** As far back as people account for: a month. */
const ledgerDays = 30;

/** By whole minutes, so that the link does not move under the finger. */
function ledgerHref(gateway: string, nowUs: number): string {
  const toUs = Math.ceil(nowUs / 60e6) * 60e6;
  const fromUs = toUs - ledgerDays * 86_400e6;
  return `/api/gateways/${encodeURIComponent(gateway)}/ledger.csv?from=${fromUs}&to=${toUs}`;
}

/** Of a silent gateway nobody knows what it has gathered since. */
function waitingWords(hub: HubLink | undefined, wasHeard: boolean): string {
  if (!wasHeard) return say("cell.unknown");
  const words = say("gateway.waiting.words", {
    samples: sayCount("gateway.waiting.samples", hub?.waitingSamples ?? 0),
    frames: sayCount("gateway.waiting.frames", hub?.waitingFrames ?? 0),
  });
  return hub?.state === "unreachable" ? say("gateway.waiting.then", { words }) : words;
}

function oldestWords(hub: HubLink | undefined): string {
  if (hub?.state === "unreachable") return say("gateway.oldest.unknown");
  return (hub?.waitingFrames ?? 0) === 0
    ? say("gateway.oldest.none")
    : durationWords(hub?.behindMs ?? 0);
}

/** Less is the way of a beat; a person who compares watches would not notice it either. */
const clockApartMs = 2_000;

function clockWords({ state, aheadMs }: NonNullable<GatewayRow["clock"]>): string {
  const words = say(`gateway.own-clock.${state}`);
  if (Math.abs(aheadMs) <= clockApartMs) return words;
  const time = durationWords(Math.abs(aheadMs));
  return say(aheadMs > 0 ? "gateway.own-clock.ahead" : "gateway.own-clock.behind", { words, time });
}

function linkWords(hub: HubLink | undefined, nowUs: number): string {
  if (hub === undefined) return say("gateway.link.unknown");
  if (hub.state === "unreachable" && hub.sinceUs === 0) return say("gateway.link.never");
  const time =
    hub.state === "behind" ? durationWords(hub.behindMs) : sinceWords(hub.sinceUs, nowUs);
  return say(`gateway.link.${hub.state}`, { time, count: roughCountWords(hub.waitingSamples) });
}
