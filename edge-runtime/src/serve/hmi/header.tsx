import {
  Button,
  clockWords,
  HubStatus,
  hrefOf,
  LinkStatus,
  type LiveStore,
} from "@millwright/ui-kit";
import { useComputed } from "@preact/signals";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";

import { say } from "./messages.ts";
import { lock, peopleView } from "./people.ts";

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
      <Who />
    </header>
  );
}

/** Who may act here just now, and the way to change it: always at the same place. */
function Who(): JSX.Element {
  const you = peopleView.value?.you;
  if (you === undefined) {
    return (
      <a class="button header-who" href={hrefOf("sign-in")}>
        {say("people.sign-in")}
      </a>
    );
  }
  return (
    <div class="header-who">
      <p>
        <strong>{you.name}</strong> {say(`people.role.${you.role}`)}
      </p>
      <Button label={say("people.lock")} onPress={() => void lock()} />
    </div>
  );
}
