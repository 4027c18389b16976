/** One value of a machine beside that of all machines that have it. */
import { timeOfQuery } from "@millwright/live-feed";
import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";

/** As many as a chart may have (`history`); a comparison has fewer, and says how wide they are. */
const columnsMax = 4_096;

export function addPeerRoutes(app: Hono, views: Pick<HubViews, "peers">): void {
  app.get("/api/gateways/:gateway/peers", async (context) => {
    const time = timeOfQuery(context);
    if (typeof time === "string") return context.text(time, 400);
    const columns = Number(context.req.query("columns") ?? 1_200);
    if (!Number.isInteger(columns) || columns < 1 || columns > columnsMax) {
      return context.text(`columns must be a whole number from 1 to ${columnsMax}`, 400);
    }
    const { signal } = context.req.raw;
    const asked = {
      gateway: context.req.param("gateway"),
      tag: context.req.query("tag") ?? "",
      ...time,
      columns,
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
