/** `GET /api/gateways/:gateway/silence`: why it is silent, and what that is concluded from. */
import type { Hono } from "hono";

import type { HubViews } from "../hub-views.ts";

export function addSilenceRoutes(app: Hono, views: Pick<HubViews, "silence">): void {
  app.get("/api/gateways/:gateway/silence", async (context) => {
    const silence = await views.silence(context.req.param("gateway"));
    return silence === undefined
      ? context.text("the hub has never heard of this gateway", 404)
      : context.json(silence);
  });
}
