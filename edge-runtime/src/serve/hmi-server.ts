/** The gateway's own page: what a technician in front of the machine opens, with the hub away if need be. */
import { join } from "node:path";

import { reducePerColumn, type Clock, type Service } from "@millwright/kit";
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
import type { GatewayPage, LedgerEntry, SampleColumns } from "@millwright/wire-contract";

export interface HmiViews {
  readonly page: () => GatewayPage;
  /** Samples in and out of each step, and what nobody can explain: plain numbers, as JSON. */
  readonly counters: () => object;
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

export class HmiServer implements Service {
  readonly name = "hmi";
  // An HTTP server that listens does not break by itself.
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: HmiServerOptions;
  #listening: Listening | undefined;

  constructor(options: HmiServerOptions) {
    this.#options = options;
  }

  /** Where the page is, once started. */
  get url(): string {
    return this.#listening?.url ?? "";
  }

  async start(): Promise<void> {
    const { host, port, views, clock } = this.#options;
    const app = createPageApp();
    app.get("/api/gateway", (context) => context.json(views.page()));
    app.get("/api/counters", (context) => context.json(views.counters()));
    app.get("/api/live", (context) => liveStream(context, views.live, clock));
    app.get("/api/history", async (context) => {
      const range = parseRange(context);
      if (typeof range === "string") return context.text(range, 400);
      const index = views.indexOf(context.req.query("tag") ?? "");
      if (index === undefined) return context.text("this gateway has no such tag", 404);
      const { fromUs, toUs, columns } = range;
      const samples = await views.samples(index, fromUs, toUs);
      const gaps = await views.gaps(context.req.query("tag") ?? "", fromUs, toUs);
      const { measuredUs, value, status } = samples;
      const line = reducePerColumn(measuredUs, value, status, fromUs, toUs, columns, gaps);
      return context.body(historyBody(line.times, line.values), 200, {
        "Content-Type": "application/octet-stream",
      });
    });
    app.get("/api/gaps", async (context) => {
      const range = parseRange(context);
      if (typeof range === "string") return context.text(range, 400);
      const entries = await views.gaps(context.req.query("tag") ?? "", range.fromUs, range.toUs);
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
