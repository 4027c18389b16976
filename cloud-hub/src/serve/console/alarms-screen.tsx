/** C4 in its first form: what is active across the fleet, what was, and whether the alarm system itself is healthy. */
import { hrefOf, LostNotice } from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { sayAlarm } from "./alarm-messages.ts";
import { AlarmsActive } from "./alarms-active.tsx";
import { AlarmsHistory } from "./alarms-history.tsx";
import { AlarmsLoad } from "./alarms-load.tsx";
import "./alarms.css";
import type { FleetStore } from "./fleet-store.ts";
import { say } from "./messages.ts";

const tabs = ["active", "history", "load"] as const;

export interface AlarmsScreenProps {
  readonly fleet: FleetStore;
  /** From the address, behind "alarms": the tab, and what it shows. */
  readonly place: readonly string[];
  readonly wallMs: () => number;
}

export function AlarmsScreen(props: AlarmsScreenProps): JSX.Element {
  const { fleet, wallMs } = props;
  const [wanted, ...rest] = props.place;
  const tab = tabs.find((one) => one === wanted) ?? "active";
  useEffect(() => {
    document.title = say("page.title.alarms");
  }, []);
  return (
    <>
      <LostNotice store={fleet} peer="hub" />
      <h1>{sayAlarm("title")}</h1>
      <p class="quiet">{sayAlarm("where-to-act")}</p>
      <nav class="assets tabs" aria-label={sayAlarm("tabs")}>
        {tabs.map((one) => (
          <a key={one} href={hrefOf("alarms", one)} aria-current={one === tab ? "page" : undefined}>
            {sayAlarm(`tab.${one}`)}
          </a>
        ))}
      </nav>
      {tab === "active" && <AlarmsActive fleet={fleet} wallMs={wallMs} />}
      {tab === "history" && <AlarmsHistory fleet={fleet} place={rest} wallMs={wallMs} />}
      {tab === "load" && <AlarmsLoad fleet={fleet} days={rest[0] ?? ""} wallMs={wallMs} />}
    </>
  );
}
