/** The gateway's own page: what a technician in front of the machine opens, with the hub away if need be. */
import { join } from "node:path";

import { reducePerColumn, type Clock } from "@millwright/kit";
import {
  addHistoryRoutes,
  liveStream,
  PageService,
  type HistorySource,
  type LiveSource,
} from "@millwright/live-feed";
import type {
  GatewayCounters,
  GatewayPage,
  LedgerEntry,
  SampleColumns,
} from "@millwright/wire-contract";

export interface HmiViews {
  readonly page: () => GatewayPage;
  /** Samples in and out of each step, and what nobody can explain. */
  readonly counters: () => GatewayCounters;
  readonly live: LiveSource;
  /** Dictionary index of a tag id; absent for an id that is not of this gateway. */
  readonly indexOf: (tag: string) => number | undefined;
  readonly samples: (tag: number, fromUs: number, toUs: number) => Promise<SampleColumns>;
  readonly gaps: (tag: string, fromUs: number, toUs: number) => Promise<readonly LedgerEntry[]>;
}

export interface HmiServerOptions {
  readonly host: string;
  readonly port: number;
  readonly views: HmiViews;
  readonly clock: Clock;
}

const pageFolder = join(import.meta.dirname, "../../dist/hmi");

export class HmiServer extends PageService {
  constructor(options: HmiServerOptions) {
    const { host, port, views, clock } = options;
    super({
      name: "hmi",
      host,
      port,
      folder: pageFolder,
      addRoutes(app) {
        app.get("/api/gateway", (context) => context.json(views.page()));
        app.get("/api/counters", (context) => context.json(views.counters()));
        app.get("/api/live", (context) => liveStream(context, views.live, clock));
        const history = historyOf(views);
        addHistoryRoutes(app, "/api", () => history);
      },
    });
  }
}

/** The journal's samples of one tag, reduced to what the columns of a chart can show. */
function historyOf(views: HmiViews): HistorySource {
  return {
    async line(tag, { fromUs, toUs, columns }) {
      const index = views.indexOf(tag);
      if (index === undefined) return undefined;
      const { measuredUs, value, status } = await views.samples(index, fromUs, toUs);
      const gaps = await views.gaps(tag, fromUs, toUs);
      return reducePerColumn(measuredUs, value, status, fromUs, toUs, columns, gaps);
    },
    gaps: (tag, fromUs, toUs) => views.gaps(tag, fromUs, toUs),
  };
}
