/** Is the alarm system itself healthy? Its numbers beside their aims (ux-guide 5), for all, each site and each gateway. */
import { kpiAims } from "@millwright/alarms";
import {
  countWords,
  durationWords,
  FailedState,
  fullTimeWords,
  hrefOf,
  loadJson,
  numberWords,
  Skeleton,
  useResource,
} from "@millwright/ui-kit";
import type { JSX } from "preact";

import type { AlarmLoadAnswer, Kpis, LoadRow } from "./alarm-load-answer.ts";
import { sayAlarm, sayAlarmCount, type AlarmText } from "./alarm-messages.ts";
import type { FleetStore } from "./fleet-store.ts";

const times = { "1": "load.day", "7": "load.week", "30": "load.month" } as const;
type Days = keyof typeof times;
/** The worst stand first. */
const rowsShown = 20;

interface Column {
  readonly head: AlarmText;
  readonly aim?: string;
  readonly words: (kpis: Kpis) => string;
  readonly beyond?: (kpis: Kpis) => boolean;
}

const columns: readonly Column[] = [
  { head: "load.column.alarms", words: ({ alarms }) => count(alarms) },
  atMost("load.column.per-day", "perOperatorPerDay", kpiAims.perOperatorPerDay, amount),
  atMost("load.column.per-hour", "perOperatorPerHour", kpiAims.perOperatorPerHour, amount),
  below("load.column.busy", "busyWindowShare", kpiAims.busyWindowShare, percent),
  atMost("load.column.peak", "peakInTenMinutes", kpiAims.peakInTenMinutes, count),
  below("load.column.flood", "floodShare", kpiAims.floodShare, percent),
  atMost("load.column.frequent", "frequentShare", kpiAims.frequentShare, percent),
  atMost("load.column.chattering", "chattering", kpiAims.chattering, count),
  atMost("load.column.fleeting", "fleeting", kpiAims.fleeting, count),
  below("load.column.standing", "standing", kpiAims.standing, count),
  {
    head: "load.column.priorities",
    aim: sayAlarm("load.near", { limit: shares(kpiAims.priorityShares) }),
    words: ({ priorityShares }) => shares(priorityShares),
  },
  atMost(
    "load.column.covered",
    "coveredWithoutPermission",
    kpiAims.coveredWithoutPermission,
    count,
  ),
  {
    head: "load.column.acknowledged",
    words: ({ acknowledgedAfterMedianS: median, acknowledgedAfterP95S: p95 }) =>
      median === null || p95 === null
        ? "–"
        : `${durationWords(median * 1_000)} / ${durationWords(p95 * 1_000)}`,
  },
];

export function AlarmsLoad(props: {
  readonly fleet: FleetStore;
  /** From the address. */
  readonly days: string;
  readonly wallMs: () => number;
}): JSX.Element {
  const days = (Object.keys(times) as Days[]).find((one) => one === props.days) ?? "1";
  const loaded = useResource(
    days,
    (signal) => loadJson<AlarmLoadAnswer>(`/api/alarms/load?days=${days}`, signal),
    props.wallMs,
  );
  const { value, failedMs } = loaded;
  const nameOf = (gateway: string): string =>
    props.fleet.rows.value?.find((row) => row.gateway === gateway)?.name ?? gateway;
  return (
    <section class="alarms-load">
      <nav class="assets" aria-label={sayAlarm("load.days")}>
        {(Object.keys(times) as Days[]).map((one) => (
          <a
            key={one}
            href={hrefOf("alarms", "load", one)}
            aria-current={one === days ? "true" : undefined}
          >
            {sayAlarm(times[one])}
          </a>
        ))}
      </nav>
      {failedMs !== undefined ? (
        <FailedState what={sayAlarm("load.failed")} sinceMs={failedMs} onRetry={loaded.retry} />
      ) : value === undefined ? (
        <Skeleton height="20rem" />
      ) : (
        <Load load={value} nameOf={nameOf} />
      )}
    </section>
  );
}

function Load(props: {
  readonly load: AlarmLoadAnswer;
  readonly nameOf: (gateway: string) => string;
}): JSX.Element {
  const { load, nameOf } = props;
  const { frequent } = load.fleet.kpis;
  return (
    <>
      <p class="quiet">
        {sayAlarm("load.range", {
          from: fullTimeWords(load.fromUs),
          to: fullTimeWords(load.toUs),
        })}{" "}
        {load.shortened ? `${sayAlarm("load.shortened")} ` : ""}
        {sayAlarm("load.bold")}
      </p>
      <div class="table-window" role="region" tabIndex={0} aria-label={sayAlarm("tab.load")}>
        <table class="alarm-table load-table">
          <thead>
            <tr>
              <th scope="col">{sayAlarm("load.column.name")}</th>
              {columns.map(({ head }) => (
                <th key={head} scope="col">
                  {sayAlarm(head)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr class="quiet">
              <th scope="row">{sayAlarm("load.aim")}</th>
              {columns.map(({ head, aim = "" }) => (
                <td key={head}>{aim}</td>
              ))}
            </tr>
            <Row name={sayAlarm("load.fleet")} row={load.fleet} />
            {load.sites.slice(0, rowsShown).map((row) => (
              <Row key={`site ${row.name}`} name={siteWords(row.name)} row={row} />
            ))}
            {load.gateways.slice(0, rowsShown).map((row) => (
              <Row key={`gateway ${row.name}`} name={nameOf(row.name)} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {load.gateways.length > rowsShown && (
        <p class="quiet">{sayAlarmCount("load.more", load.gateways.length - rowsShown)}</p>
      )}
      <section class="panel">
        <h2>{sayAlarm("load.frequent")}</h2>
        {frequent.length === 0 ? (
          <p class="quiet">{sayAlarm("load.frequent.none")}</p>
        ) : (
          <ol class="frequent">
            {frequent.map(({ gateway, alarm, count: times_ }) => (
              <li key={`${gateway} ${alarm}`}>
                {sayAlarmCount("load.frequent", times_, { gateway: nameOf(gateway), alarm })}
              </li>
            ))}
          </ol>
        )}
      </section>
    </>
  );
}

function Row(props: { readonly name: string; readonly row: LoadRow }): JSX.Element {
  const { kpis } = props.row;
  return (
    <tr>
      <th scope="row">{props.name}</th>
      {columns.map(({ head, words, beyond }) => (
        <td key={head} data-short={beyond?.(kpis) === true}>
          {words(kpis)}
        </td>
      ))}
    </tr>
  );
}

type NumberName = {
  [Name in keyof Kpis]: Kpis[Name] extends number | null ? Name : never;
}[keyof Kpis];

function atMost(
  head: AlarmText,
  name: NumberName,
  limit: number,
  words: (value: number | null) => string,
): Column {
  return {
    head,
    aim: limit === 0 ? words(0) : sayAlarm("load.at-most", { limit: words(limit) }),
    words: (kpis) => words(kpis[name]),
    beyond: (kpis) => (kpis[name] ?? 0) > limit,
  };
}

function below(
  head: AlarmText,
  name: NumberName,
  limit: number,
  words: (value: number | null) => string,
): Column {
  return {
    ...atMost(head, name, limit, words),
    aim: sayAlarm("load.below", { limit: words(limit) }),
    beyond: (kpis) => (kpis[name] ?? 0) >= limit,
  };
}

function siteWords(site: string): string {
  return site === "" ? sayAlarm("load.no-site") : sayAlarm("load.site", { site });
}

function count(value: number | null): string {
  return value === null ? "–" : countWords(Math.round(value));
}

/** With a tenth where it matters. */
function amount(value: number | null): string {
  return value === null ? "–" : numberWords(value, value < 10 && !Number.isInteger(value) ? 1 : 0);
}

function percent(value: number | null): string {
  if (value === null) return "–";
  const hundredths = value * 100;
  return `${numberWords(hundredths, hundredths < 10 && hundredths % 1 !== 0 ? 1 : 0)} %`;
}

function shares(values: readonly [number, number, number]): string {
  return values.map(percent).join(" / ");
}
