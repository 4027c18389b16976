/** One value of a machine beside that of all machines that have it. */
import { rangeOfQuery } from "@millwright/live-feed";
import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";

export function addPeerRoutes(app: Hono, views: Pick<HubViews, "peers">): void {
  app.get("/api/gateways/:gateway/peers", async (context) => {
    const range = rangeOfQuery(context);
    if (typeof range === "string") return context.text(range, 400);
    const { signal } = context.req.raw;
    const asked = {
      gateway: context.req.param("gateway"),
      tag: context.req.query("tag") ?? "",
      ...range,
    };
    try {
      const answer = await views.peers(asked, signal);
      return answer === undefined
        ? context.text("this gateway has no such value, or it is none that has a mean", 404)
        : context.json(answer);
    } catch (failure) {
      // A chart that was moved on asks anew; nobody reads this answer.
      if (signal.aborted) return context.body(null, 408);
      throw failure;
    }
  });
}
