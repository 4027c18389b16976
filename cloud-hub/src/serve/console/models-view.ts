/** What the events of gateways say of their models, put together for the screen. Pure. */
import type { BundleRole, ModelDrift, ModelEvent } from "@millwright/wire-contract/events";

import type { EventView } from "../../event-views.ts";

/** Fewer events say nothing of a model (field practice 80). */
export const eventsLeast = 10;

/** One version of a bundle, over all gateways. */
export interface VersionView {
  readonly bundle: string;
  readonly version: string;
  /** Each gateway once, by how it stands there. */
  readonly places: readonly PlaceView[];
  /** Windows that both a shadow and the bundle in service have judged. */
  readonly windows: number;
  readonly agreed: number;
  readonly against: string;
  /** The newest first. */
  readonly disagreements: readonly DisagreementView[];
  /** The newest of each tag, the furthest first. */
  readonly drift: readonly DriftView[];
  readonly verdicts: VerdictCounts;
}

export interface PlaceView {
  readonly gateway: string;
  readonly role: BundleRole;
  readonly what: ModelEvent["what"];
  readonly reason: string;
  readonly atUs: number;
}

export interface DisagreementView {
  readonly gateway: string;
  readonly asset: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly windows: number;
}

export interface DriftView extends ModelDrift {
  readonly gateway: string;
  readonly asset: string;
}

/** Episodes that the bundle called, and what people said of them. */
export interface VerdictCounts {
  readonly episodes: number;
  readonly confirmed: number;
  readonly false: number;
}

/** Kinds of events that change how a bundle stands on a gateway. */
const standing: ReadonlySet<ModelEvent["what"]> = new Set([
  "loaded",
  "refused",
  "swapped",
  "returned",
  "stopped",
  "crashed",
]);

interface Building {
  readonly bundle: string;
  readonly version: string;
  readonly places: Map<string, PlaceView>;
  readonly drift: Map<string, DriftView>;
  readonly disagreements: DisagreementView[];
  windows: number;
  agreed: number;
  against: string;
}

/** @param events of models and episodes, the newest first */
export function versionsOf(events: readonly EventView[]): readonly VersionView[] {
  const versions = new Map<string, Building>();
  for (const event of events) {
    if (event.kind !== "model" || event.body.bundle === "") continue;
    addEvent(versions, event, event.body);
  }
  const verdicts = verdictsOf(events);
  return [...versions.values()]
    .map(({ places, drift, ...version }): VersionView => ({
      ...version,
      places: [...places.values()].toSorted((a, b) => a.gateway.localeCompare(b.gateway)),
      drift: [...drift.values()].toSorted((a, b) => b.index - a.index),
      verdicts: verdicts.get(`${version.bundle} ${version.version}`) ?? noVerdicts,
    }))
    .toSorted(
      (a, b) =>
        a.bundle.localeCompare(b.bundle) ||
        b.version.localeCompare(a.version, "en", { numeric: true }),
    );
}

const noVerdicts: VerdictCounts = { episodes: 0, confirmed: 0, false: 0 };

function addEvent(versions: Map<string, Building>, event: EventView, body: ModelEvent): void {
  const { gateway, asset, atUs } = event;
  const { what, bundle, role, reason, comparison } = body;
  const key = `${bundle} ${body.version}`;
  const known = versions.get(key);
  const version: Building = known ?? {
    ...{ bundle, version: body.version, windows: 0, agreed: 0, against: "" },
    ...{ places: new Map(), drift: new Map(), disagreements: [] },
  };
  if (known === undefined) versions.set(key, version);
  // The newest comes first and holds.
  if (standing.has(what) && !version.places.has(gateway)) {
    version.places.set(gateway, { gateway, role, what, reason, atUs });
  }
  for (const { tag, index } of body.drift ?? []) {
    const place = `${gateway} ${asset} ${tag}`;
    if (!version.drift.has(place)) version.drift.set(place, { tag, index, gateway, asset });
  }
  if (comparison === undefined) return;
  const { fromUs, toUs, windows, agreed, against } = comparison;
  if (version.against === "") version.against = against;
  if (what === "disagreed") version.disagreements.push({ gateway, asset, fromUs, toUs, windows });
  else {
    version.windows += windows;
    version.agreed += agreed;
  }
}

function verdictsOf(events: readonly EventView[]): ReadonlyMap<string, VerdictCounts> {
  const seen = new Set<string>();
  const counts = new Map<string, VerdictCounts>();
  for (const event of events) {
    if (event.kind !== "episode") continue;
    const episode = `${event.gateway} ${event.subject}`;
    if (seen.has(episode)) continue;
    seen.add(episode);
    for (const detector of event.body.detectors) {
      const { episodes, confirmed, false: wrong } = counts.get(detector) ?? noVerdicts;
      counts.set(detector, {
        episodes: episodes + 1,
        confirmed: confirmed + (event.body.verdict === "confirmed" ? 1 : 0),
        false: wrong + (event.body.verdict === "false" ? 1 : 0),
      });
    }
  }
  return counts;
}
