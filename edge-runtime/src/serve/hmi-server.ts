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
  /** How long there is room with the hub away, and what an outage of so long would do. */
  readonly buffer: (outageS: number) => Promise<BufferClock>;
}

/** Seconds; Infinity where the rates of now never lead there. */
interface BufferClock {
  readonly thinsInS: number;
  readonly refusesInS: number;
  readonly outageS: number;
  readonly thinnedBytes: number;
  readonly refusedS: number;
}

export interface HmiServerOptions {
  readonly host: string;
  readonly port: number;
  readonly views: HmiViews;
  readonly clock: Clock;
}

/** A year: no gateway is without its hub for longer, and is still one. */
const outageHoursMax = 8_760;
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
        app.get("/api/buffer", async (context) => {
          const outageHours = Number(context.req.query("outageHours") ?? 0);
          if (!(outageHours >= 0 && outageHours <= outageHoursMax)) {
            return context.text(`outageHours is a number from 0 to ${outageHoursMax}`, 400);
          }
          const { thinsInS, refusesInS, ...outage } = await views.buffer(outageHours * 3_600);
          return context.json({
            ...outage,
            thinsInS: numberOrNull(thinsInS),
            refusesInS: numberOrNull(refusesInS),
          });
        });
        app.get("/api/live", (context) => liveStream(context, views.live, clock));
        const history = historyOf(views);
        addHistoryRoutes(app, "/api", () => history);
      },
    });
  }
}

/** JSON has no Infinity: null is "never, at the rates of now". */
function numberOrNull(seconds: number): number | null {
  return Number.isFinite(seconds) ? Math.round(seconds) : null;
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
