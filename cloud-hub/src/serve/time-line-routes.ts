/** What happened to a gateway, on one time line. */
import type { Clock } from "@millwright/kit";
import { rangeOfQuery } from "@millwright/live-feed";
import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";

const dayUs = 86_400_000_000;
/** As far back as a page shows with one answer. */
const spanUsMax = 366 * dayUs;

export function addTimeLineRoutes(
  app: Hono,
  views: Pick<HubViews, "page" | "timeLine">,
  clock: Pick<Clock, "nowUs">,
): void {
  app.get("/api/gateways/:gateway/time-line", async (context) => {
    const gateway = context.req.param("gateway");
    if (views.page(gateway) === undefined) {
      return context.text("the hub has never heard of this gateway", 404);
    }
    const { from, to } = context.req.query();
    const nowUs = clock.nowUs();
    const range =
      from === undefined && to === undefined
        ? { fromUs: nowUs - dayUs, toUs: nowUs }
        : rangeOfQuery(context);
    if (typeof range === "string") return context.text(range, 400);
    if (range.toUs - range.fromUs > spanUsMax) {
      return context.text("a time line has 366 days at most", 400);
    }
    return context.json(await views.timeLine(gateway, range.fromUs, range.toUs));
  });
}
