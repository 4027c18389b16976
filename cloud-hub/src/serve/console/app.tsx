/** The frame of the console: where you are, how the page is connected, how it is displayed. */
import {
  hrefOf,
  loadJson,
  route,
  ThemeChoice,
  useResource,
  type PageClock,
} from "@millwright/ui-kit";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import type { BackupStatus } from "../../hand-over.ts";
import type { Quarantined } from "../../hub-views.ts";
import { FleetScreen } from "./fleet-screen.tsx";
import type { FleetStore } from "./fleet-store.ts";
import { GatewayScreen } from "./gateway-screen.tsx";
import { LazyAlarms, LazyModels, LazyTrends } from "./lazy-screens.ts";
import { say } from "./messages.ts";

/** What the list says about a gateway, and the quarantine, change slowly; the live stream says the rest at once. */
const refreshMs = 30_000;

export function App(props: { readonly fleet: FleetStore; readonly clock: PageClock }): JSX.Element {
  const { fleet, clock } = props;
  const [screen = "", name = "", ...rest] = route.value;
  const onGateway = screen === "gateway" && name !== "";
  const onTrends = screen === "trends";
  const onAlarms = screen === "alarms";
  const onModels = screen === "models";
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((count) => count + 1), refreshMs);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    // One stream for a visible page: the list's rests while a gateway has its own.
    fleet.listen(!onGateway);
    if (!onGateway && !onAlarms && !onModels) document.title = say("page.title");
  }, [fleet, onGateway, onAlarms, onModels]);
  const wallMs = (): number => clock.wallMs();
  const quarantine = useResource(
    `quarantine ${turn}`,
    (signal) => loadJson<readonly Quarantined[]>("/api/quarantine", signal),
    wallMs,
  );
  const backup = useResource(
    `backup ${turn}`,
    (signal) => loadJson<BackupStatus>("/api/backup", signal),
    wallMs,
  );
  return (
    <>
      <header aria-label={say("bar.label")}>
        <nav class="place" aria-label={say("bar.place")}>
          <a
            href={hrefOf()}
            aria-current={onGateway || onTrends || onAlarms || onModels ? undefined : "page"}
          >
            {say("fleet.title")}
          </a>
          {onGateway && (
            <>
              <span aria-hidden="true">/</span>
              <a href={hrefOf("gateway", name)} aria-current="page">
                {fleet.rows.value?.find((row) => row.gateway === name)?.name ?? name}
              </a>
            </>
          )}
        </nav>
        <a class="beside" href={hrefOf("alarms")} aria-current={onAlarms ? "page" : undefined}>
          {say("alarms.title")}
        </a>
        <a class="beside" href={hrefOf("trends")} aria-current={onTrends ? "page" : undefined}>
          {say("trends.title")}
        </a>
        <a class="beside" href={hrefOf("models")} aria-current={onModels ? "page" : undefined}>
          {say("models.title")}
        </a>
        <span class="brand">{say("brand")}</span>
        <span class="reconnecting">
          {!onGateway && fleet.link.value.kind === "slow" ? say("link.reconnecting") : ""}
        </span>
        <ThemeChoice />
      </header>
      <main>
        {onGateway ? (
          <OneGateway
            key={name}
            fleet={fleet}
            name={name}
            rest={rest}
            turn={turn}
            wallMs={wallMs}
            quarantine={quarantine.value ?? []}
          />
        ) : onAlarms ? (
          <LazyAlarms fleet={fleet} place={route.value.slice(1)} wallMs={wallMs} />
        ) : onModels ? (
          <LazyModels fleet={fleet} wallMs={wallMs} />
        ) : onTrends ? (
          <LazyTrends fleet={fleet} place={route.value} wallMs={wallMs} />
        ) : (
          <FleetScreen
            fleet={fleet}
            quarantine={quarantine.value ?? []}
            backup={backup.value}
            chosen={name}
            site={rest[0]}
          />
        )}
      </main>
    </>
  );
}

function OneGateway(props: {
  readonly fleet: FleetStore;
  readonly name: string;
  readonly rest: readonly string[];
  readonly turn: number;
  readonly wallMs: () => number;
  readonly quarantine: readonly Quarantined[];
}): JSX.Element {
  const { fleet, name } = props;
  const rows = useResource(
    `rows ${props.turn}`,
    (signal) => loadJson<readonly GatewayRow[]>("/api/gateways", signal),
    props.wallMs,
  ).value;
  useEffect(() => {
    if (rows !== undefined) fleet.rows.value = rows;
  }, [fleet, rows]);
  return (
    <GatewayScreen
      gateway={name}
      place={props.rest}
      quarantine={props.quarantine}
      row={fleet.rows.value?.find((row) => row.gateway === name)}
    />
  );
}
