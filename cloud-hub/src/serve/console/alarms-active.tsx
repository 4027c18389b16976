/** The newest state of each alarm that is not normal, the worst first, and whether its gateway can be reached. */
import {
  AlarmSymbol,
  alarmWords,
  Button,
  EmptyState,
  FailedState,
  FindField,
  hrefOf,
  loadJson,
  nextOrder,
  sinceWords,
  Skeleton,
  unitWords,
  useResource,
} from "@millwright/ui-kit";
import type { AlarmEvent } from "@millwright/wire-contract/events";
import type { GatewayRow } from "@millwright/wire-contract";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { AlarmNow, AlarmsNow } from "../../event-views.ts";
import { sayAlarm, sayAlarmCount } from "./alarm-messages.ts";
import type { FleetStore } from "./fleet-store.ts";
import { presenceWords } from "./presence-words.ts";

/** What happens on a gateway is at the hub within a second or two; a list that people read need not be faster. */
const refreshMs = 2_000;
/** More are no list that anybody reads; the search finds each of them. */
const rowsShown = 200;

export function AlarmsActive(props: {
  readonly fleet: FleetStore;
  readonly wallMs: () => number;
}): JSX.Element {
  const { fleet } = props;
  const [turn, setTurn] = useState(0);
  const [text, setText] = useState("");
  const [held, setHeld] = useState(false);
  const order = useRef<readonly string[]>([]);
  useEffect(() => {
    const timer = setInterval(() => setTurn((count) => count + 1), refreshMs);
    return () => clearInterval(timer);
  }, []);
  const loaded = useResource(
    `alarms ${turn}`,
    (signal) => loadJson<AlarmsNow>("/api/alarms", signal),
    props.wallMs,
  );
  const { value, failedMs } = loaded;
  if (value === undefined) {
    if (failedMs === undefined) return <Skeleton height="20rem" />;
    return (
      <FailedState what={sayAlarm("active.failed")} sinceMs={failedMs} onRetry={loaded.retry} />
    );
  }
  const gateways = new Map((fleet.rows.value ?? []).map((row) => [row.gateway, row]));
  const found = value.alarms.filter((alarm) => says(alarm, gateways.get(alarm.gateway), text));
  const byId = new Map(found.map((alarm) => [idOf(alarm), alarm]));
  // Rows do not move under a pointer or a focus; what has gone meanwhile goes once they are let go.
  order.current = nextOrder(order.current, [...byId.keys()], held).ids;
  const shown = order.current.flatMap((id) => byId.get(id) ?? []);
  return (
    <section class="alarms-active" data-lost={fleet.lost.value || failedMs !== undefined}>
      <div class="table-head">
        <h2>{sayAlarmCount("active.count", value.alarms.length)}</h2>
        <FindField label={sayAlarm("active.find")} text={text} onText={setText} />
      </div>
      {value.more && (
        <p class="quiet">{sayAlarm("active.more", { count: String(value.alarms.length) })}</p>
      )}
      {value.alarms.length === 0 ? (
        <EmptyState title={sayAlarm("active.none")}>
          <p>{sayAlarm("active.none.what")}</p>
        </EmptyState>
      ) : found.length === 0 ? (
        <div class="no-match">
          <p>{sayAlarm("active.no-match", { text })}</p>
          <Button label={sayAlarm("active.clear")} onPress={() => setText("")} />
        </div>
      ) : (
        <div
          class="table-window"
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocusIn={() => setHeld(true)}
          onFocusOut={() => setHeld(false)}
        >
          <table class="alarm-table">
            <thead>
              <tr>
                <th scope="col">{sayAlarm("column.state")}</th>
                <th scope="col">{sayAlarm("column.alarm")}</th>
                <th scope="col">{sayAlarm("column.value")}</th>
                <th scope="col">{sayAlarm("column.asset")}</th>
                <th scope="col">{sayAlarm("column.gateway")}</th>
                <th scope="col">{sayAlarm("column.since")}</th>
                <th scope="col">{sayAlarm("column.reach")}</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, rowsShown).map((alarm) => (
                <Row
                  key={idOf(alarm)}
                  alarm={alarm}
                  row={gateways.get(alarm.gateway)}
                  nowUs={fleet.secondUs.value}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length > rowsShown && (
        <p class="quiet">{sayAlarm("active.more", { count: String(rowsShown) })}</p>
      )}
    </section>
  );
}

function Row(props: {
  readonly alarm: AlarmNow;
  readonly row: GatewayRow | undefined;
  readonly nowUs: number;
}): JSX.Element {
  const { alarm, row, nowUs } = props;
  const { event } = alarm;
  const sinceUs = event.raisedUs > 0 ? event.raisedUs : alarm.atUs;
  return (
    <tr>
      <td>
        <span class="alarm-state">
          <AlarmSymbol priority={event.priority} state={event.state} size={32} />
          {alarmWords(event, nowUs)}
        </span>
      </td>
      <th scope="row">{event.message}</th>
      <td>{valueAndLimit(event)}</td>
      <td>{alarm.asset}</td>
      <td>
        <a href={hrefOf("gateway", alarm.gateway)}>{row?.name ?? alarm.gateway}</a>
        {(row?.site ?? "") !== "" && <span class="quiet"> {row?.site}</span>}
      </td>
      <td>{sinceWords(sinceUs, nowUs)}</td>
      <td data-short={row?.presence !== "reporting"}>
        {row === undefined ? sayAlarm("cell.unknown-gateway") : presenceWords(row, nowUs)}
      </td>
    </tr>
  );
}

function valueAndLimit({ value, limit, unit = "" }: AlarmEvent): string {
  if (value === undefined) return "";
  const words = `${value} ${unitWords(unit)}`.trim();
  return limit === undefined
    ? words
    : sayAlarm("cell.limit", { value: words, limit: String(limit) });
}

function idOf({ gateway, alarm }: AlarmNow): string {
  return `${gateway} ${alarm}`;
}

function says(alarm: AlarmNow, row: GatewayRow | undefined, text: string): boolean {
  const { event, asset, gateway } = alarm;
  const all = [event.message, asset, gateway, row?.name ?? "", row?.site ?? ""].join("\n");
  return all.toLowerCase().includes(text.trim().toLowerCase());
}
