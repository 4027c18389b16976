/** The hub's page and its API: what fleet managers open, and what programs ask. Reads views; decides nothing. */
import { join } from "node:path";

import type { Clock } from "@millwright/kit";
import {
  addCaptureRoutes,
  addHistoryRoutes,
  addMarkRoutes,
  addMetricsRoute,
  liveStream,
  PageService,
  type HistorySource,
  type LiveSource,
  type MarkSource,
} from "@millwright/live-feed";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";

import type { HubViews } from "../hub-views.ts";
import { addDataRoutes } from "./data-routes.ts";
import { addEventRoutes } from "./event-routes.ts";
import { hubMetrics } from "./hub-metrics.ts";
import { addOrderRoutes } from "./order-routes.ts";
import { addPeerRoutes } from "./peer-routes.ts";
import { addSavedViewRoutes } from "./saved-view-routes.ts";
import { addSilenceRoutes } from "./silence-routes.ts";
import { addTimeLineRoutes } from "./time-line-routes.ts";

export interface ConsoleServerOptions {
  readonly host: string;
  readonly port: number;
  readonly views: HubViews;
  readonly clock: Clock;
}

const pageFolder = join(import.meta.dirname, "../../dist/console");

/** The list of gateways is sent this often: a page of 2,000 rows is no film. */
const listEveryMs = 1_000;

export class ConsoleServer extends PageService {
  constructor(options: ConsoleServerOptions) {
    const { host, port, views, clock } = options;
    super({
      name: "console",
      host,
      port,
      folder: pageFolder,
      addRoutes(app) {
        app.get("/api/gateways", (context) => context.json(views.gateways()));
        app.get("/api/quarantine", async (context) => context.json(await views.quarantine()));
        app.get("/api/metrics", (context) => context.json(views.metrics()));
        addMetricsRoute(app, () => hubMetrics(views.metrics(), views.gateways()));
        app.get("/api/backup", (context) => context.json(views.backup()));
        app.get("/api/gateways/live", (context) => gatewaysStream(context, views, clock));
        app.get("/api/gateways/:gateway", (context) => {
          const page = views.page(context.req.param("gateway"));
          return page === undefined
            ? context.text("the hub has never heard of this gateway", 404)
            : context.json(page);
        });
        app.get("/api/gateways/:gateway/key", async (context) =>
          context.json(await views.gatewayKey(context.req.param("gateway"))),
        );
        app.get("/api/gateways/:gateway/live", (context) => {
          const gateway = context.req.param("gateway");
          if (views.page(gateway) === undefined) {
            return context.text("the hub has never heard of this gateway", 404);
          }
          return liveStream(context, liveSourceOf(views, gateway), clock);
        });
        addHistoryRoutes(app, "/api/gateways/:gateway", (context) =>
          historySourceOf(views, context.req.param("gateway") ?? ""),
        );
        addMarkRoutes(app, "/api/gateways/:gateway", (context) =>
          markSourceOf(views, context.req.param("gateway") ?? ""),
        );
        addDataRoutes(app, views, clock);
        addPeerRoutes(app, views);
        addTimeLineRoutes(app, views, clock);
        addSilenceRoutes(app, views);
        addCaptureRoutes(app, "/api/gateways/:gateway", (context) =>
          views.captures(context.req.param("gateway") ?? ""),
        );
        addOrderRoutes(app, () => views.orders);
        addEventRoutes(app, () => views.events);
        addSavedViewRoutes(app, () => views.savedViews);
      },
    });
  }
}

/** The whole list, and the hub's clock with it, by which ages are told. */
function gatewaysStream(context: Context, views: HubViews, clock: Clock): Response {
  return streamSSE(context, async (stream) => {
    const closed = new AbortController();
    stream.onAbort(() => {
      closed.abort();
    });
    for (let seq = 1; !hasAborted(closed.signal); seq++) {
      await stream.writeSSE({
        event: "gateways",
        id: String(seq),
        data: JSON.stringify(views.gateways()),
      });
      await stream.writeSSE({
        event: "beat",
        data: JSON.stringify({ seq, nowUs: clock.nowUs(), confirmed: {} }),
      });
      await clock.sleep(listEveryMs, closed.signal).catch(() => undefined);
    }
  });
}

function historySourceOf(views: HubViews, gateway: string): HistorySource {
  return {
    lines: (tags, { fromUs, toUs, columns }) => views.history(gateway, tags, fromUs, toUs, columns),
    gaps: (tag, fromUs, toUs) => views.gaps(gateway, tag, fromUs, toUs),
  };
}

/** Of the events that the hub keeps. */
function markSourceOf(views: HubViews, gateway: string): MarkSource {
  return {
    events: (kind, times, max) => views.events.marked(gateway, kind, times, max),
    lasting: () => views.events.lasting(gateway),
  };
}

/** The twin of one gateway, as the live stream wants it. */
function liveSourceOf(views: HubViews, gateway: string): LiveSource {
  return {
    values: (tags) => views.values(gateway, tags),
    devices: () => views.devices(gateway),
    hub: () => views.hubLink(gateway),
    confirmed: () => views.confirmed(gateway),
    onChanged: (listener) =>
      views.onChanged((changed, tags) => {
        if (changed === gateway) listener(tags);
      }),
    onState: (listener) =>
      views.onState((changed) => {
        if (changed === gateway) listener();
      }),
    watch: (tags) => views.watch(gateway, tags),
  };
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
