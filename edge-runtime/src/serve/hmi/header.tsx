import { clockWords, HubStatus, LinkStatus, type LiveStore } from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";

export function Header(props: {
  readonly store: LiveStore;
  readonly page: GatewayPage | undefined;
}): JSX.Element {
  const { store, page } = props;
  // The gateway's clock, because that is what the values were stamped with.
  const time = useComputed(() =>
    store.secondUs.value === 0 ? "" : clockWords(store.secondUs.value),
  );
  return (
    <header aria-label={say("header.label")}>
      <p class="header-name">{page?.name ?? ""}</p>
      <p class="header-site">{page?.site ?? ""}</p>
      <p class="header-links">
        <LinkStatus store={store} />
        <HubStatus store={store} />
        <span class="header-time">{time}</span>
      </p>
    </header>
  );
}
