/** What is known about one gateway beside its values: its link, its counts, its devices. */
import {
  countWords,
  durationWords,
  intervalWords,
  type LiveStore,
  roughCountWords,
  sinceWords,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayPage, GatewayRow, HubLink } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";

export function GatewayFacts(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage;
  readonly row: GatewayRow | undefined;
}): JSX.Element {
  const { store, row } = props;
  const link = useComputed(() => linkWords(store.hub.value, store.secondUs.value));
  return (
    <dl class="gateway-facts">
      <Fact name={say("gateway.link")}>{link}</Fact>
      {row !== undefined && (
        <>
          <Fact name={say("gateway.stored")}>{countWords(row.storedSamples)}</Fact>
          <Fact name={say("gateway.unexplained")}>{countWords(row.unexplained)}</Fact>
          {row.quarantined > 0 && (
            <Fact name={say("gateway.quarantined")}>{countWords(row.quarantined)}</Fact>
          )}
        </>
      )}
      {props.page.commitEveryMs !== undefined && (
        <Fact name={say("gateway.commit")}>{intervalWords(props.page.commitEveryMs)}</Fact>
      )}
      <Fact name={say("gateway.software")}>{props.page.software}</Fact>
      {row !== undefined && row.hmi !== "" && (
        <Fact name={say("gateway.hmi")}>
          <a class="link" href={row.hmi}>
            {row.hmi}
          </a>
        </Fact>
      )}
    </dl>
  );
}

function Fact(props: {
  readonly name: string;
  readonly children: JSX.Element | string | { readonly value: string };
}): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children as JSX.Element}</dd>
    </div>
  );
}

function linkWords(hub: HubLink | undefined, nowUs: number): string {
  if (hub === undefined) return say("gateway.link.unknown");
  const time =
    hub.state === "behind" ? durationWords(hub.behindMs) : sinceWords(hub.sinceUs, nowUs);
  return say(`gateway.link.${hub.state}`, { time, count: roughCountWords(hub.waitingSamples) });
}
