/** The gateway's own page: what a technician in front of the machine opens, with the hub away if need be. */
import { join } from "node:path";

import type { Clock } from "@millwright/kit";
import {
  addCaptureRoutes,
  addHistoryRoutes,
  addMarkRoutes,
  addMetricsRoute,
  type CaptureSource,
  liveStream,
  PageService,
  type HistorySource,
  type LiveSource,
  type MarkSource,
  type PageCertificate,
  type TimeRange,
} from "@millwright/live-feed";
import type { GatewayCounters, GatewayPage, LedgerEntry } from "@millwright/wire-contract";
import { toGaps, type HistoryLine } from "@millwright/wire-contract/history";

import type { AccessDoor, PageRoute, Rehearsal } from "../hand-over.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import type { BufferAnswer } from "./page-answers.ts";
import { addPageRoutes } from "./page-routes.ts";

export interface HmiViews {
  readonly page: () => GatewayPage;
  /** Samples in and out of each step, and what nobody can explain. */
  readonly counters: () => GatewayCounters;
  readonly live: LiveSource;
  /** Dictionary index of a tag id; absent for an id that is not of this gateway. */
  readonly indexOf: (tag: string) => number | undefined;
  readonly line: (tag: number, range: TimeRange, signal: AbortSignal) => Promise<RecordedLine>;
  readonly gaps: (tag: string, fromUs: number, toUs: number) => Promise<readonly LedgerEntry[]>;
  /** Alarms and episodes for the time axis of charts. */
  readonly marks: MarkSource;
  /** The newest first. */
  readonly captures: CaptureSource["list"];
  /** Where the bytes of a capture lie. */
  readonly captureFile: (sha256: string) => string;
  /** How long there is room with the hub away, and what an outage of so long would do. */
  readonly buffer: (outageS: number) => Promise<Rehearsal>;
}

/** From all tiers; `gaps` as of the ledger. */
type RecordedLine = Omit<HistoryLine, "tag" | "error" | "gaps"> & {
  readonly gaps: readonly LedgerEntry[];
};

export interface HmiServerOptions {
  readonly host: string;
  readonly port: number;
  /** Besides those of loopback. */
  readonly names: readonly string[];
  readonly views: HmiViews;
  readonly clock: Clock;
  /** What parts add: what they show, and what people may do. */
  readonly routes: readonly PageRoute[];
  /** Asked for everything that people do. */
  readonly door: AccessDoor;
  /** It speaks HTTPS, and shows this. */
  readonly certificate?: PageCertificate;
}

/** A year: no gateway is without its hub for longer, and is still one. */
const outageHoursMax = 8_760;
const pageFolder = join(import.meta.dirname, "../../dist/hmi");

export class HmiServer extends PageService {
  constructor(options: HmiServerOptions) {
    const { host, port, names, views, clock, certificate } = options;
    super({
      name: "hmi",
      host,
      port,
      names,
      ...(certificate === undefined ? {} : { certificate }),
      folder: pageFolder,
      addRoutes(app) {
        addPageRoutes(app, options.routes, options.door);
        app.get("/api/gateway", (context) => context.json(views.page()));
        app.get("/api/counters", (context) => context.json(views.counters()));
        addMetricsRoute(app, () => gatewayMetrics(views.counters()));
        app.get("/api/buffer", async (context) => {
          const outageHours = Number(context.req.query("outageHours") ?? 0);
          if (!(outageHours >= 0 && outageHours <= outageHoursMax)) {
            return context.text(`outageHours is a number from 0 to ${outageHoursMax}`, 400);
          }
          return context.json(toBufferAnswer(await views.buffer(outageHours * 3_600)));
        });
        app.get("/api/live", (context) => liveStream(context, views.live, clock));
        const history = historyOf(views);
        addCaptureRoutes(app, "/api", () => ({
          list: (query) => views.captures(query),
          file: (sha256) => Promise.resolve(views.captureFile(sha256)),
        }));
        addHistoryRoutes(app, "/api", () => history);
        addMarkRoutes(app, "/api", () => views.marks);
      },
    });
  }
}

function toBufferAnswer(rehearsal: Rehearsal): BufferAnswer {
  const { thinsInS, exposesInS, shedsInS, refusesInS, ...outage } = rehearsal;
  return {
    ...outage,
    thinsInS: numberOrNull(thinsInS),
    exposesInS: numberOrNull(exposesInS),
    shedsInS: numberOrNull(shedsInS),
    refusesInS: numberOrNull(refusesInS),
  };
}

function numberOrNull(seconds: number): number | null {
  return Number.isFinite(seconds) ? Math.round(seconds) : null;
}

function historyOf(views: HmiViews): HistorySource {
  return {
    async lines(tags, range, signal) {
      const indices = tags.map((tag) => views.indexOf(tag));
      if (indices.some((index) => index === undefined)) return undefined;
      return await Promise.all(
        tags.map(async (tag, at): Promise<HistoryLine> => {
          const line = await views.line(indices[at] ?? -1, range, signal);
          // The gateway has every sample, so no value is further from the line than it says itself.
          return { ...line, tag, error: 0, gaps: toGaps(line.gaps) };
        }),
      );
    },
    gaps: (tag, fromUs, toUs) => views.gaps(tag, fromUs, toUs),
  };
}
