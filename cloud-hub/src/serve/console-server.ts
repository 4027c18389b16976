/** The hub's page and its API: what fleet managers open, and what programs ask. Reads views; decides nothing. */
import { join } from "node:path";

import type { Clock, Service } from "@millwright/kit";
import {
  createPageApp,
  historyBody,
  listen,
  liveStream,
  parseRange,
  servePage,
  type Listening,
  type LiveSource,
} from "@millwright/live-feed";
import { streamSSE } from "hono/streaming";

import type { HubViews } from "../hub-views.ts";

export interface ConsoleServerOptions {
  readonly host: string;
  readonly port: number;
  readonly views: HubViews;
  readonly clock: Clock;
}

const pageFolder = join(import.meta.dirname, "../../dist/console");

/** The list of gateways is sent when it changed, at most this often; a page of 2,000 rows is no film. */
const listEveryMs = 1_000;

export class ConsoleServer implements Service {
  readonly name = "console";
  // An HTTP server that listens does not break by itself.
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: ConsoleServerOptions;
  #listening: Listening | undefined;

  constructor(options: ConsoleServerOptions) {
    this.#options = options;
  }

  /** Where the page is, once started. */
  get url(): string {
    return this.#listening?.url ?? "";
  }

  async start(): Promise<void> {
    const { host, port, views, clock } = this.#options;
    const app = createPageApp();
    app.get("/api/gateways", (context) => context.json(views.gateways()));
    app.get("/api/quarantine", async (context) => context.json(await views.quarantine()));
    app.get("/api/metrics", (context) => context.json(views.metrics()));
    app.get("/api/gateways/live", (context) =>
      streamSSE(context, async (stream) => {
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
      }),
    );
    app.get("/api/gateways/:gateway", (context) => {
      const page = views.page(context.req.param("gateway"));
      return page === undefined
        ? context.text("the hub has never heard of this gateway", 404)
        : context.json(page);
    });
    app.get("/api/gateways/:gateway/live", (context) => {
      const gateway = context.req.param("gateway");
      if (views.page(gateway) === undefined) {
        return context.text("the hub has never heard of this gateway", 404);
      }
      return liveStream(context, liveSourceOf(views, gateway), clock);
    });
    app.get("/api/gateways/:gateway/history", async (context) => {
      const range = parseRange(context);
      if (typeof range === "string") return context.text(range, 400);
      const line = await views.history(
        context.req.param("gateway"),
        context.req.query("tag") ?? "",
        range.fromUs,
        range.toUs,
        range.columns,
      );
      return context.body(historyBody(line.times, line.values), 200, {
        "Content-Type": "application/octet-stream",
      });
    });
    app.get("/api/gateways/:gateway/gaps", async (context) => {
      const range = parseRange(context);
      if (typeof range === "string") return context.text(range, 400);
      const entries = await views.gaps(
        context.req.param("gateway"),
        context.req.query("tag") ?? "",
        range.fromUs,
        range.toUs,
      );
      return context.json(
        entries.map(({ reason, fromUs, toUs, count }) => ({ reason, fromUs, toUs, count })),
      );
    });
    servePage(app, pageFolder);
    this.#listening = await listen(app, host, port);
  }

  async stop(): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]();
  }
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
  };
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
