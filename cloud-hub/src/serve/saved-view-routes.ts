/** Saved views for people and programs. A refusal that somebody can act on comes with what is there instead. */
import { isBodyWithin } from "@millwright/live-feed";
import type { Context, Hono } from "hono";

import type { SavedView, SavedViewBoard, ViewRefused } from "../saved-view.ts";
import { parseOtherView, parseRemoval, parseView } from "./saved-view-wish.ts";

/** Eight values with the longest ids, each letter of them written as an escape. */
const bodyBytesMax = 50_000;

const base = "/api/saved-views";

export function addSavedViewRoutes(app: Hono, board: () => SavedViewBoard): void {
  app.get(base, async (context) => context.json(await board().list()));
  app.post(base, async (context) => {
    const body = await bodyOf(context);
    if (typeof body !== "string") return body;
    const wish = parseView(body);
    if ("kind" in wish) return context.text(wish.reason, 400);
    return answer(context, await board().save(wish), 201);
  });
  app.put(`${base}/:id`, async (context) => {
    const body = await bodyOf(context);
    if (typeof body !== "string") return body;
    const wish = parseOtherView(body);
    if ("kind" in wish) return context.text(wish.reason, 400);
    const { version, ...rest } = wish;
    return answer(context, await board().replace({ id: idOf(context), version }, rest), 200);
  });
  app.delete(`${base}/:id`, async (context) => {
    const read = parseRemoval(context.req.query());
    if ("kind" in read) return context.text(read.reason, 400);
    const { version, person } = read;
    return answer(context, await board().remove({ id: idOf(context), version }, person), 200);
  });
}

/** The text of a body that may be read, or the answer to one that may not. */
async function bodyOf(context: Context): Promise<string | Response> {
  // A form of another site can send anything but this without being asked (CORS).
  if (!(context.req.header("content-type") ?? "").startsWith("application/json")) {
    return context.text("the body is JSON, and its Content-Type says so", 415);
  }
  if (!isBodyWithin(context, bodyBytesMax)) {
    const words = `a view has at most ${bodyBytesMax} bytes, and its Content-Length says how many`;
    return context.text(words, 413);
  }
  return context.req.text();
}

function answer(context: Context, result: SavedView | ViewRefused, status: 200 | 201): Response {
  if (!("cause" in result)) return context.json(result, status);
  const { cause, reason } = result;
  const there = "view" in result ? { view: result.view } : {};
  return context.json({ cause, reason, ...there }, cause === "gone" ? 404 : 409);
}

/** 0, which no view has, for what is no number. */
function idOf(context: Context): number {
  const id = Number(context.req.param("id"));
  return Number.isSafeInteger(id) ? id : 0;
}
