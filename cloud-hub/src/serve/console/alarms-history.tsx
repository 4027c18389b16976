/** What happened, of all gateways or some, page by page. What is shown stands in the address, so that it can be passed on. */
import {
  addressNow,
  alarmStateWord,
  AlarmSymbol,
  EmptyState,
  FailedState,
  fullTimeWords,
  hrefOf,
  loadJson,
  Skeleton,
  useResource,
} from "@millwright/ui-kit";
import {
  alarmStates,
  eventKinds,
  type CommandEvent,
  type EventKind,
} from "@millwright/wire-contract/events";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { EventPage, EventView } from "../../event-views.ts";
import { sayAlarm } from "./alarm-messages.ts";
import type { FleetStore } from "./fleet-store.ts";

const spans = { "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, all: 0 } as const;
type Span = keyof typeof spans;
const kinds = ["all", ...(Object.keys(eventKinds) as EventKind[])] as const;
type Kind = (typeof kinds)[number];
/** What a screen or two hold; older ones are a press away. */
const pageMax = 50;
/** As many as the hub takes in one question. */
const gatewaysMax = 200;

export function AlarmsHistory(props: {
  readonly fleet: FleetStore;
  /** Span, kind, "-", a gateway or "site:…", and what it is about where only that is shown: the id of an alarm. */
  readonly place: readonly string[];
  readonly wallMs: () => number;
}): JSX.Element {
  const [span, kind, where] = chosenIn(props.place);
  const subject = props.place[3] ?? "";
  const rows = props.fleet.rows.value ?? [];
  const gateways = gatewaysAt(where, rows);
  const [openedMs] = useState(() => props.wallMs());
  /** Where the pages that were gone through begin; the newest page first. */
  const [trail, setTrail] = useState<{ readonly of: string; readonly after: readonly string[] }>({
    of: "",
    after: [],
  });
  const query = new URLSearchParams();
  // A time that begins with the opening, so that pages fit each other.
  if (spans[span] > 0) query.set("from", `${Math.floor(openedMs - spans[span] * 1_000)}000`);
  if (kind !== "all") query.set("kind", kind);
  if (subject !== "") query.set("subject", subject);
  if (gateways.length > 0) query.set("gateway", gateways.slice(0, gatewaysMax).join(","));
  const asked = query.toString();
  const after = trail.of === asked ? trail.after : [];
  const at = after.at(-1);
  const page = at === undefined ? asked : `${asked}&after=${at}`;
  const loaded = useResource(
    page,
    (signal) => loadJson<EventPage>(`/api/events?max=${pageMax}&${page}`, signal),
    props.wallMs,
  );
  const next = loaded.value?.next;
  return (
    <section class="alarms-history">
      <div class="alarm-filter">
        {subject !== "" && (
          <a class="link" href={addressOf(span, kind, where)}>
            {sayAlarm("history.of-all", { subject })}
          </a>
        )}
        <nav class="assets" aria-label={sayAlarm("history.span")}>
          {(Object.keys(spans) as Span[]).map((one) => (
            <a
              key={one}
              href={addressOf(one, kind, where)}
              aria-current={one === span ? "true" : undefined}
            >
              {sayAlarm(`history.${one}`)}
            </a>
          ))}
        </nav>
        <label class="find">
          <span>{sayAlarm("history.kind")}</span>
          <select
            value={kind}
            onChange={({ currentTarget }) => {
              // One list may be changed before the page has followed the other.
              const [spanNow, , whereNow] = chosenNow();
              location.hash = addressOf(spanNow, currentTarget.value, whereNow);
            }}
          >
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one === "all" ? sayAlarm("history.kind.all") : sayAlarm(`kind.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="find">
          <span>{sayAlarm("history.place")}</span>
          <select
            value={where}
            onChange={({ currentTarget }) => {
              const [spanNow, kindNow] = chosenNow();
              location.hash = addressOf(spanNow, kindNow, currentTarget.value);
            }}
          >
            <option value="-">{sayAlarm("history.place.all")}</option>
            {[...new Set(rows.map(({ site }) => site))]
              .filter((site) => site !== "")
              .toSorted()
              .map((site) => (
                <option key={site} value={`site:${site}`}>
                  {sayAlarm("history.place.site", { site })}
                </option>
              ))}
            {rows.map(({ gateway, name }) => (
              <option key={gateway} value={gateway}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <a class="link" href={`/api/events.csv?${asked}`} download="events.csv">
          {sayAlarm("history.csv")}
        </a>
      </div>
      {loaded.failedMs !== undefined ? (
        <FailedState
          what={sayAlarm("history.failed")}
          sinceMs={loaded.failedMs}
          onRetry={loaded.retry}
        />
      ) : loaded.value === undefined ? (
        <Skeleton height="20rem" />
      ) : loaded.value.events.length === 0 ? (
        <EmptyState title={sayAlarm("history.none")} />
      ) : (
        <EventTable
          events={loaded.value.events}
          nameOf={(gateway) => rows.find((row) => row.gateway === gateway)?.name ?? gateway}
        />
      )}
      <p class="alarm-pages">
        {at !== undefined && (
          <button type="button" class="button" onClick={() => setTrail({ of: asked, after: [] })}>
            {sayAlarm("history.newest")}
          </button>
        )}
        {next !== undefined && (
          <button
            type="button"
            class="button"
            onClick={() => setTrail({ of: asked, after: [...after, next] })}
          >
            {sayAlarm("history.older")}
          </button>
        )}
      </p>
    </section>
  );
}

function EventTable(props: {
  readonly events: readonly EventView[];
  readonly nameOf: (gateway: string) => string;
}): JSX.Element {
  return (
    <div class="table-window">
      <table class="alarm-table">
        <thead>
          <tr>
            <th scope="col">{sayAlarm("column.time")}</th>
            <th scope="col">{sayAlarm("column.kind")}</th>
            <th scope="col">{sayAlarm("column.happened")}</th>
            <th scope="col">{sayAlarm("column.subject")}</th>
            <th scope="col">{sayAlarm("column.asset")}</th>
            <th scope="col">{sayAlarm("column.gateway")}</th>
            <th scope="col">{sayAlarm("column.person")}</th>
          </tr>
        </thead>
        <tbody>
          {props.events.map((event) => (
            <tr key={`${event.gateway} ${event.journalUs} ${event.number} ${event.atUs}`}>
              <td>{fullTimeWords(event.atUs)}</td>
              <td>
                <What event={event} />
              </td>
              <th scope="row">{happened(event)}</th>
              <td>{event.subject}</td>
              <td>{event.asset}</td>
              <td>
                <a href={hrefOf("gateway", event.gateway)}>{props.nameOf(event.gateway)}</a>
              </td>
              <td>{personIn(event)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function What(props: { readonly event: EventView }): JSX.Element {
  const { kind, body } = props.event;
  // A gateway of another version may know states that this page does not.
  const isAlarm = kind === "alarm" && alarmStates.includes(body.state);
  return (
    <span class="alarm-state">
      {isAlarm && <AlarmSymbol priority={body.priority} state={body.state} size={24} />}
      {isAlarm ? alarmStateWord(body.state) : sayAlarm(`kind.${kind}`)}
    </span>
  );
}

/** In the words of the gateway; each kind has its own. */
function happened(event: EventView): string {
  const { kind, body } = event;
  switch (kind) {
    case "alarm":
      return body.note === undefined
        ? `${body.message}: ${body.transition}`
        : `${body.message}: “${body.note.text}”`;
    case "episode":
      return `${body.class}: ${body.what}`;
    case "label":
      return body.failureMode === "" ? body.label : `${body.label}: ${body.failureMode}`;
    case "command":
      return `${body.tag} = ${String(body.value)}: ${body.outcome}`;
    case "audit":
      return `${body.act} ${body.object}: ${body.result}`;
    case "context":
      return `${body.context} ${body.value}: ${body.what}`;
    case "model":
      return `${body.bundle} ${body.version}: ${body.what}`;
    case "rule":
      return body.what;
  }
}

function personIn({ kind, body }: EventView): string {
  if (kind === "command") return (body as Partial<CommandEvent>).origin?.who ?? "";
  if (kind === "label") return body.author;
  if (kind === "alarm" && body.note !== undefined) return body.note.author;
  return "person" in body ? (body.person ?? "") : "";
}

function chosenIn(place: readonly string[]): readonly [Span, Kind, string] {
  const [span, kind, where = "-"] = place;
  return [
    (Object.keys(spans) as Span[]).find((one) => one === span) ?? "24h",
    kinds.find((one) => one === kind) ?? "alarm",
    where,
  ];
}

/** Of the address `#/alarms/history/SPAN/KIND/WHERE`, which the page follows. */
function chosenNow(): readonly [Span, Kind, string] {
  return chosenIn(addressNow().slice(2));
}

function addressOf(span: string, kind: string, where: string): string {
  return hrefOf("alarms", "history", span, kind, where);
}

function gatewaysAt(
  where: string,
  rows: readonly { readonly gateway: string; readonly site: string }[],
): readonly string[] {
  if (where === "-") return [];
  if (!where.startsWith("site:")) return [where];
  const site = where.slice("site:".length);
  return rows.filter((row) => row.site === site).map(({ gateway }) => gateway);
}
