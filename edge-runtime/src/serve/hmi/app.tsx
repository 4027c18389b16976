/** The frame that never moves: header, strip, screen, navigation. */
import {
  FailedState,
  hrefOf,
  liveAddress,
  route,
  Skeleton,
  useResource,
  type LiveStore,
  type PageClock,
} from "@millwright/ui-kit";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";

import { GatewayScreen } from "./gateway-screen.tsx";
import { Header } from "./header.tsx";
import { MachineScreen } from "./machine-screen.tsx";
import { machinesOf, type Machine } from "./machines.ts";
import { say } from "./messages.ts";
import { Overview } from "./overview.tsx";
import { Strip } from "./strip.tsx";
import { TagScreen } from "./tag-screen.tsx";

export interface AppProps {
  readonly store: LiveStore;
  readonly loadPage: (signal: AbortSignal) => Promise<GatewayPage>;
  readonly clock: PageClock;
}

export function App(props: AppProps): JSX.Element {
  const { store, clock } = props;
  // After a break the gateway may have other settings: its page is asked for again, the old one stays meanwhile.
  const page = useResource(`page ${store.returns.value}`, props.loadPage, () => clock.wallMs());
  const found = page.value;
  const machines = useMemo(() => (found === undefined ? [] : machinesOf(found)), [found]);
  const screen = route.value[0] ?? "";
  const tags = found === undefined ? undefined : tagsOn(found, machines, route.value);
  const address = tags === undefined ? undefined : liveAddress("/api/live", tags);

  useEffect(() => {
    if (address !== undefined) store.show(address);
  }, [store, address]);
  useEffect(() => {
    if (found !== undefined) document.title = say("page.title", { gateway: found.name });
  }, [found]);
  useEffect(() => {
    scrollTo(0, 0);
  }, [route.value.join("/")]);

  return (
    <>
      <Header store={store} page={found} />
      <Strip store={store} page={found} />
      <main>
        {found !== undefined ? (
          <Screen {...props} page={found} machines={machines} />
        ) : page.failedMs !== undefined ? (
          <FailedState what={say("page.failed")} sinceMs={page.failedMs} onRetry={page.retry} />
        ) : (
          <Skeleton height="24rem" />
        )}
      </main>
      <nav aria-label={say("nav.label")}>
        <a href={hrefOf()} aria-current={screen === "gateway" ? undefined : "page"}>
          {say("nav.overview")}
        </a>
        <a href={hrefOf("gateway")} aria-current={screen === "gateway" ? "page" : undefined}>
          {say("nav.gateway")}
        </a>
      </nav>
    </>
  );
}

function Screen(
  props: AppProps & { readonly page: GatewayPage; readonly machines: readonly Machine[] },
): JSX.Element {
  const [screen, name = ""] = route.value;
  if (screen === "gateway") return <GatewayScreen store={props.store} page={props.page} />;
  if (screen === "tag") {
    return (
      <TagScreen
        key={name}
        store={props.store}
        page={props.page}
        tagId={name}
        clock={props.clock}
      />
    );
  }
  if (screen === "machine") {
    return <MachineScreen key={name} store={props.store} machines={props.machines} name={name} />;
  }
  return <Overview store={props.store} page={props.page} machines={props.machines} />;
}

/** The stream carries what is on the screen, and nothing else (ux-guide 11). */
function tagsOn(
  page: GatewayPage,
  machines: readonly Machine[],
  parts: readonly string[],
): readonly string[] {
  const [screen, name = ""] = parts;
  if (screen === "tag") return [name];
  if (screen === "machine") {
    const machine = machines.find((one) => one.name === name);
    return machine === undefined
      ? []
      : [...machine.indicators, ...machine.others].map((tag) => tag.id);
  }
  const shown = machines.flatMap((machine) => machine.indicators.map((tag) => tag.id));
  return [...new Set([...shown, ...page.sparklines])];
}
