/** What the hub shows, answered from its running parts. Nothing is decided or kept here. */
import type { PublicKey } from "@millwright/carrier";
import type { Clock } from "@millwright/kit";
import { overviewOf, sparklinesOf, toLiveTag } from "@millwright/live-feed";
import { isTagId, type GatewayId, type GatewayPage } from "@millwright/wire-contract";

import { backupStateOf } from "./backup/backup-state.ts";
import type { ExportOrder } from "./history/lake/export-samples.ts";
import { keptFromUs } from "./history/kept-from.ts";
import { minuteTier } from "./history/rollups/rollup-store.ts";
import type { CoreParts } from "./hub-core.ts";
import type { HubViews } from "./hub-views.ts";
import { keyViewOf } from "./ingest/carrier/gateway-keys.ts";
import { peersOf, type PeersAsked } from "./peer-desk.ts";
import type { HubSettings } from "./settings/load-settings.ts";

export interface CoreViewsOptions {
  readonly settings: HubSettings;
  /** The hub's own: people compare its fingerprint. */
  readonly publicKey: PublicKey;
  /** Throws before the hub has started. */
  readonly parts: () => CoreParts;
  /** Why the last backup was not made; "" when it was, or none was due. */
  readonly backupFailure: () => string;
  readonly clock: Clock;
}

const quarantineRowsMax = 200;

export class CoreViews implements HubViews {
  readonly #options: CoreViewsOptions;

  constructor(options: CoreViewsOptions) {
    this.#options = options;
  }

  async gatewayKey(gateway: string): ReturnType<HubViews["gatewayKey"]> {
    const pinned = await this.#options.parts().keys.pinned(gateway as GatewayId);
    return keyViewOf(pinned, this.#options.publicKey);
  }

  get orders(): HubViews["orders"] {
    return this.#options.parts().orders;
  }

  get acknowledgements(): HubViews["acknowledgements"] {
    return this.#options.parts().orders.acknowledgements;
  }

  get events(): HubViews["events"] {
    return this.#options.parts().events;
  }

  get savedViews(): HubViews["savedViews"] {
    return this.#options.parts().savedViews;
  }

  timeLine(gateway: string, fromUs: number, toUs: number): ReturnType<HubViews["timeLine"]> {
    return this.#options.parts().timeLine.of(gateway, { fromUs, toUs });
  }

  silence(gateway: string): ReturnType<HubViews["silence"]> {
    return this.#options.parts().silence.of(gateway);
  }

  gateways(): ReturnType<HubViews["gateways"]> {
    const { fleet, twins } = this.#options.parts();
    return fleet.rows((gateway) => twins.dictionary(gateway)?.size ?? 0);
  }

  page(gateway: string): GatewayPage | undefined {
    const { fleet, twins, captures } = this.#options.parts();
    const known = fleet.known(gateway);
    if (known === undefined) return undefined;
    const tags = twins.dictionary(gateway)?.tags ?? [];
    // A gateway of an older version has not said which; then its first tags stand there.
    const overview = overviewOf(tags, known.hello?.overview ?? []);
    const commitEveryMs = known.hello?.commitEveryMs;
    return {
      gateway,
      name: known.hello?.name ?? gateway,
      site: known.hello?.site ?? "",
      software: known.hello?.software ?? "",
      tags: tags.map(toLiveTag),
      overview,
      sparklines: sparklinesOf(tags, overview),
      captures: captures.points(gateway),
      ...(commitEveryMs === undefined ? {} : { commitEveryMs }),
    };
  }

  values(gateway: string, tags: readonly string[]): ReturnType<HubViews["values"]> {
    return this.#options.parts().twins.table(gateway)?.values(tags) ?? [];
  }

  devices(gateway: string): ReturnType<HubViews["devices"]> {
    return this.#options.parts().fleet.devices(gateway);
  }

  hubLink(gateway: string): ReturnType<HubViews["hubLink"]> {
    return this.#options.parts().fleet.hubLink(gateway);
  }

  confirmed(gateway: string): Readonly<Record<string, number>> {
    return this.#options.parts().twins.table(gateway)?.confirmed() ?? {};
  }

  onChanged(listener: (gateway: string, tags: readonly string[]) => void): () => void {
    return this.#options.parts().twins.onChanged(listener);
  }

  onState(listener: (gateway: string) => void): () => void {
    return this.#options.parts().fleet.onState(listener);
  }

  watch(gateway: string, tags: readonly string[]): () => void {
    const { twins, watching } = this.#options.parts();
    // A page that names none shows all.
    const shown =
      tags.length > 0
        ? tags.filter(isTagId)
        : (twins.dictionary(gateway)?.tags ?? []).map(({ id }) => id);
    return watching.watch(gateway, shown);
  }

  history(
    gateway: string,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    columns: number,
  ): ReturnType<HubViews["history"]> {
    return this.#options.parts().history.chart(gateway as GatewayId, tags, fromUs, toUs, columns);
  }

  gaps(gateway: string, tag: string, fromUs: number, toUs: number): ReturnType<HubViews["gaps"]> {
    return this.#options.parts().history.gaps(gateway as GatewayId, tag, fromUs, toUs);
  }

  aggregates(
    gateway: string,
    tag: string,
    fromUs: number,
    toUs: number,
    width: "1m" | "1h",
  ): ReturnType<HubViews["aggregates"]> {
    const tier = width === "1m" ? "minutes" : "hours";
    return this.#options.parts().history.aggregates(gateway as GatewayId, tag, fromUs, toUs, tier);
  }

  peers(asked: PeersAsked, signal: AbortSignal): ReturnType<HubViews["peers"]> {
    const { parts, settings, clock } = this.#options;
    const { twins, history } = parts();
    const sources = {
      gateways: () =>
        this.gateways().map(({ gateway, name, site }) => {
          return { gateway, name, site, dictionary: twins.dictionary(gateway) };
        }),
      table: (gateway: string) => twins.table(gateway),
      means: history.means.bind(history),
      gaps: history.gaps.bind(history),
      nowUs: () => clock.nowUs(),
      minutesFromUs: () => keptFromUs(minuteTier, settings.history.keepMinutesDays, clock.nowUs()),
    };
    return peersOf(sources, asked, signal);
  }

  captures(gateway: string): ReturnType<HubViews["captures"]> {
    const { captures } = this.#options.parts();
    return {
      list: (query) => captures.list(gateway, query),
      file: (sha256) => captures.file(gateway, sha256),
    };
  }

  exportHistory(order: ExportOrder, signal: AbortSignal): ReturnType<HubViews["exportHistory"]> {
    return this.#options.parts().history.export(order, signal);
  }

  quarantine(): ReturnType<HubViews["quarantine"]> {
    return this.#options.parts().store.quarantine(quarantineRowsMax);
  }

  metrics(): ReturnType<HubViews["metrics"]> {
    const { fleet, ingest } = this.#options.parts();
    const { counters } = ingest;
    return {
      unexplained: fleet.unexplained(),
      framesReceived: counters.received,
      framesStored: counters.stored,
      framesRepeated: counters.repeated,
      framesQuarantined: counters.quarantined,
      samplesStored: counters.samplesStored,
      transactions: counters.transactions,
    };
  }

  backup(): ReturnType<HubViews["backup"]> {
    const { settings, clock, backupFailure } = this.#options;
    const { newestUs } = this.#options.parts().backups;
    const everyMs = (settings.backup?.everyHours ?? 0) * 3_600_000;
    return {
      releaseBelow: settings.releaseBelow,
      state: backupStateOf(newestUs, everyMs, clock.nowUs()),
      newestUs,
      everyMs,
      failure: backupFailure(),
    };
  }
}
