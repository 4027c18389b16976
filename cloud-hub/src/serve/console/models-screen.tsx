/** C8, in a first form: which version runs where, shadow against service, drift, and what people said of its calls. */
import {
  countWords,
  FailedState,
  fullTimeWords,
  loadJson,
  numberWords,
  Skeleton,
  useResource,
} from "@millwright/ui-kit";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import type { EventPage } from "../../event-views.ts";
import type { FleetStore } from "./fleet-store.ts";
import { say } from "./messages.ts";
import { sayModel } from "./model-messages.ts";
import { eventsLeast, versionsOf, type PlaceView, type VersionView } from "./models-view.ts";
import "./alarms.css";

export interface ModelsScreenProps {
  readonly fleet: FleetStore;
  readonly wallMs: () => number;
}

/** As many as one question may ask for: of a hundred bundles the last weeks. */
const eventsMax = 1_000;
/** Those that happened last are looked at; the rest stand in the history of events. */
const shownMax = 5;
/** More places of one version are counted, not listed. */
const placesMax = 12;

export function ModelsScreen({ fleet, wallMs }: ModelsScreenProps): JSX.Element {
  useEffect(() => {
    document.title = say("page.title.models");
  }, []);
  const loaded = useResource(
    "models",
    async (signal) => {
      const [models, episodes] = await Promise.all(
        (["model", "episode"] as const).map((kind) =>
          loadJson<EventPage>(`/api/events?kind=${kind}&max=${eventsMax}`, signal),
        ),
      );
      return versionsOf([...(models?.events ?? []), ...(episodes?.events ?? [])]);
    },
    wallMs,
  );
  const { value, failedMs } = loaded;
  const nameOf = (gateway: string): string =>
    fleet.rows.value?.find((row) => row.gateway === gateway)?.name ?? gateway;
  return (
    <>
      <div class="screen-head">
        <h1>{sayModel("title")}</h1>
      </div>
      {failedMs !== undefined ? (
        <FailedState what={sayModel("failed")} sinceMs={failedMs} onRetry={loaded.retry} />
      ) : value === undefined ? (
        <Skeleton height="20rem" />
      ) : value.length === 0 ? (
        <section class="panel">
          <h2>{sayModel("none")}</h2>
          <p>{sayModel("none.what")}</p>
        </section>
      ) : (
        <Versions versions={value} nameOf={nameOf} />
      )}
    </>
  );
}

function Versions(props: {
  readonly versions: readonly VersionView[];
  readonly nameOf: (gateway: string) => string;
}): JSX.Element {
  const { versions, nameOf } = props;
  return (
    <>
      <p class="quiet">
        {sayModel("range", { count: countWords(eventsMax) })} {sayModel("drift.read")}
      </p>
      <div class="table-window" role="region" tabIndex={0} aria-label={sayModel("title")}>
        <table class="alarm-table models-table">
          <thead>
            <tr>
              <th scope="col">{sayModel("column.bundle")}</th>
              <th scope="col">{sayModel("column.where")}</th>
              <th scope="col">{sayModel("column.shadow")}</th>
              <th scope="col">{sayModel("column.drift")}</th>
              <th scope="col">{sayModel("column.called")}</th>
            </tr>
          </thead>
          <tbody>
            {versions.map((version) => (
              <tr key={`${version.bundle} ${version.version}`}>
                <th scope="row">{`${version.bundle} ${version.version}`.trim()}</th>
                <td>
                  <Lines lines={placeLines(version.places, nameOf)} />
                </td>
                <td>
                  <Lines lines={shadowLines(version, nameOf)} />
                </td>
                <td>
                  <Lines lines={driftLines(version, nameOf)} />
                </td>
                <td>{calledWords(version)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Lines(props: { readonly lines: readonly string[] }): JSX.Element {
  return (
    <>
      {props.lines.map((line, at) => (
        <div key={at}>{line}</div>
      ))}
    </>
  );
}

function placeLines(
  places: readonly PlaceView[],
  nameOf: (gateway: string) => string,
): readonly string[] {
  const lines = places.slice(0, placesMax).map(({ gateway, role, what, reason, atUs }) => {
    const words = sayModel("where.words", {
      gateway: nameOf(gateway),
      role: sayModel(`role.${role}`),
      state: sayModel(stateTexts[what] ?? "what.loaded", { time: fullTimeWords(atUs) }),
    });
    const [first = ""] = reason.split("\n");
    return troubles.has(what) ? sayModel("where.reason", { words, reason: first }) : words;
  });
  return places.length > placesMax
    ? [...lines, `+ ${countWords(places.length - placesMax)}`]
    : lines;
}

const troubles: ReadonlySet<string> = new Set(["refused", "returned", "stopped", "crashed"]);
const stateTexts = {
  loaded: "what.loaded",
  swapped: "what.swapped",
  returned: "what.returned",
  refused: "what.refused",
  stopped: "what.stopped",
  crashed: "what.crashed",
  drifting: undefined,
  steady: undefined,
  outside: undefined,
  inside: undefined,
  compared: undefined,
  disagreed: undefined,
} as const;

function shadowLines(
  { windows, agreed, against, disagreements }: VersionView,
  nameOf: (gateway: string) => string,
): readonly string[] {
  if (windows === 0 && disagreements.length === 0) return [sayModel("shadow.none")];
  const sum =
    windows === 0
      ? []
      : [
          sayModel("shadow.agrees", {
            against,
            share: `${numberWords((agreed / windows) * 100, 1)} %`,
            windows: countWords(windows),
          }),
        ];
  const apart = disagreements.slice(0, shownMax).map((one) =>
    sayModel("shadow.apart", {
      gateway: nameOf(one.gateway),
      asset: one.asset,
      windows: countWords(one.windows),
      from: fullTimeWords(one.fromUs),
      to: fullTimeWords(one.toUs),
    }),
  );
  return [...sum, ...(apart.length === 0 ? [sayModel("shadow.same")] : apart)];
}

function driftLines(
  { drift }: VersionView,
  nameOf: (gateway: string) => string,
): readonly string[] {
  if (drift.length === 0) return [sayModel("drift.none")];
  return drift.slice(0, shownMax).map(({ gateway, asset, tag, index }) =>
    sayModel("drift.words", {
      gateway: nameOf(gateway),
      asset,
      tag: tag === "" ? sayModel("drift.scores") : tag,
      index: numberWords(index, 2),
    }),
  );
}

function calledWords({ verdicts }: VersionView): string {
  const { episodes, confirmed, false: wrong } = verdicts;
  if (episodes < eventsLeast) {
    return sayModel("called.few", { count: countWords(episodes), least: countWords(eventsLeast) });
  }
  return sayModel("called.words", {
    count: countWords(episodes),
    confirmed: countWords(confirmed),
    false: countWords(wrong),
  });
}
