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
import { useComputed } from "@preact/signals";
import type { GatewayPage } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { GatewayScreen } from "./gateway-screen.tsx";
import { Header } from "./header.tsx";
import { MachineScreen } from "./machine-screen.tsx";
import { machinesOf, ownDeviceOf, ownTagsOf, tileTagsOf, type Machine } from "./machines.ts";
import { say } from "./messages.ts";
import { Overview } from "./overview.tsx";
import { screenName } from "./screen-name.ts";
import { Strip } from "./strip.tsx";
import { TagScreen } from "./tag-screen.tsx";
import { AlarmAnnouncements, AlarmBadges } from "./alarm-strip.tsx";
import { sayAlarm } from "./alarm-messages.ts";
import { LazyAlarms, LazyControl, LazySignIn, LazyTrends } from "./lazy-screens.ts";
import { controlTags } from "./control-view.ts";
import { sayControl } from "./control-messages.ts";
import { trendTagsOf } from "./trend-tags.ts";

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
  // The navigation answers in this frame; the screen, which may hold hundreds of rows, follows in the next.
  const [place, setPlace] = useState(route.value);
  const wanted = route.value;
  useEffect(() => {
    setPlace(wanted);
  }, [wanted]);
  // Signing in leads back to where somebody wanted to act.
  const before = useRef(hrefOf());
  if (place[0] !== "sign-in") before.current = hrefOf(...place);
  // Told by the stream, and the same for as long as the settings are.
  const own = useComputed(() => ownDeviceOf(store.devices.value)).value;
  const tags = found === undefined ? undefined : tagsOn(found, machines, place, own);
  const address = tags === undefined ? undefined : liveAddress("/api/live", tags);

  useEffect(() => {
    if (address !== undefined) store.show(address);
  }, [store, address]);
  useEffect(() => {
    if (found !== undefined) document.title = say("page.title", { gateway: found.name });
  }, [found]);
  // The same element again is not compared again: hundreds of rows do not wait for a word in the header.
  const screen = useMemo(
    () =>
      found === undefined ? undefined : (
        <Screen
          store={store}
          loadPage={props.loadPage}
          clock={clock}
          page={found}
          machines={machines}
          place={place}
          before={before.current}
        />
      ),
    [store, props.loadPage, clock, found, machines, place],
  );
  const content = useRef<HTMLElement>(null);
  const name = screenName(place);
  const shown = useRef(name);
  // With its paint, and not after it: by then somebody may have begun to type.
  useLayoutEffect(() => {
    if (shown.current === name) return;
    shown.current = name;
    // Keyboard and screen reader go on where the new screen begins.
    content.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);

  return (
    <>
      <Header store={store} page={found} />
      <Strip store={store} page={found} />
      <AlarmAnnouncements clock={clock} />
      <main ref={content} tabIndex={-1}>
        {screen !== undefined ? (
          screen
        ) : page.failedMs !== undefined ? (
          <FailedState what={say("page.failed")} sinceMs={page.failedMs} onRetry={page.retry} />
        ) : (
          <Skeleton height="24rem" />
        )}
      </main>
      <nav aria-label={say("nav.label")}>
        <a href={hrefOf()} aria-current={isBeside(wanted[0]) ? undefined : "page"}>
          {say("nav.overview")}
        </a>
        <a href={hrefOf("alarms")} aria-current={wanted[0] === "alarms" ? "page" : undefined}>
          {sayAlarm("nav")}
          <AlarmBadges />
        </a>
        <a href={hrefOf("trends")} aria-current={wanted[0] === "trends" ? "page" : undefined}>
          {say("nav.trends")}
        </a>
        <a href={hrefOf("control")} aria-current={wanted[0] === "control" ? "page" : undefined}>
          {sayControl("nav")}
        </a>
        <a href={hrefOf("gateway")} aria-current={wanted[0] === "gateway" ? "page" : undefined}>
          {say("nav.gateway")}
        </a>
      </nav>
    </>
  );
}

function Screen(
  props: AppProps & {
    readonly page: GatewayPage;
    readonly machines: readonly Machine[];
    readonly place: readonly string[];
    /** The address of the screen before this one. */
    readonly before: string;
  },
): JSX.Element {
  const [screen, name = ""] = props.place;
  if (screen === "gateway")
    return <GatewayScreen store={props.store} page={props.page} clock={props.clock} />;
  if (screen === "sign-in") return <LazySignIn back={props.before} clock={props.clock} />;
  if (screen === "alarms") {
    return <LazyAlarms store={props.store} clock={props.clock} place={props.place} />;
  }
  if (screen === "control") {
    return (
      <LazyControl store={props.store} page={props.page} place={props.place} clock={props.clock} />
    );
  }
  if (screen === "trends") {
    return (
      <LazyTrends store={props.store} page={props.page} place={props.place} clock={props.clock} />
    );
  }
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
    return (
      <MachineScreen
        key={name}
        store={props.store}
        machines={props.machines}
        name={name}
        episode={props.place[2]}
        captures={props.page.captures}
      />
    );
  }
  return <Overview store={props.store} page={props.page} machines={props.machines} />;
}

/** Machines and their values belong to the overview; these screens stand beside it. */
function isBeside(screen: string | undefined): boolean {
  return (
    screen === "gateway" ||
    screen === "alarms" ||
    screen === "control" ||
    screen === "trends" ||
    screen === "sign-in"
  );
}

/** The stream carries what is on the screen, and nothing else (ux-guide 11). */
function tagsOn(
  page: GatewayPage,
  machines: readonly Machine[],
  parts: readonly string[],
  own: string | undefined,
): readonly string[] {
  const [screen, name = ""] = parts;
  if (screen === "tag") return [name];
  if (screen === "trends") return trendTagsOf(page, parts).map((tag) => tag.id);
  if (screen === "control") return controlTags.value;
  if (screen === "gateway" && own !== undefined) {
    return ownTagsOf(page, own).map((tag) => tag.id);
  }
  if (screen === "machine") {
    const machine = machines.find((one) => one.name === name);
    return machine === undefined
      ? []
      : [...machine.indicators, ...machine.others].map((tag) => tag.id);
  }
  const [only] = machines;
  // One machine is its own overview, with all its values.
  const tags =
    machines.length === 1 && only !== undefined
      ? [...only.indicators, ...only.others]
      : machines.flatMap((machine) => [...machine.indicators, ...tileTagsOf(machine)]);
  const shown = tags.map((tag) => tag.id);
  return [...new Set([...shown, ...page.sparklines])];
}
