/**
 * The routes that parts give the page. Whatever acts passes the one guard here: nobody can add a route that acts and
 * forget to ask who it is, because anything else that is not a plain question is refused before it is looked for.
 */
import { messageChain } from "@millwright/kit";
import {
  askedOf,
  bodyBytesMax,
  jsonBody,
  type PageApp,
  type PageContext,
} from "@millwright/live-feed";

import type {
  AccessDoor,
  ActingRoute,
  Asked,
  EnteringRoute,
  PageRoute,
  RouteCall,
} from "../hand-over.ts";

/** Before all other routes of `app`. */
export function addPageRoutes(app: PageApp, routes: readonly PageRoute[], door: AccessDoor): void {
  for (const route of routes) {
    switch (route.kind) {
      case "look":
        app.get(route.path, async (context) => {
          const { status = 200, json } = await route.look(callOf(context));
          context.header("Cache-Control", "no-store");
          return context.json(json, status);
        });
        break;
      case "act":
        app.post(route.path, (context) => act(context, route, door));
        break;
      case "enter":
        app.post(route.path, (context) => enter(context, route));
        break;
    }
  }
  app.use("*", async (context, next) => {
    if (context.req.method === "GET" || context.req.method === "HEAD") {
      await next();
      return undefined;
    }
    return context.json({ reason: "there is nothing to be done under this address" }, 404);
  });
}

async function act(context: PageContext, route: ActingRoute, door: AccessDoor): Promise<Response> {
  const call = callOf(context);
  const person = door.require(call.asked, route.role);
  if ("kind" in person) {
    const { status, reason, https } = person;
    const known = door.person(call.asked);
    // Somebody tried what is another's to do (IEC 62443-3-3, SR 2.8: control of access).
    if (status === 403 && known !== undefined) {
      const by = { person: known.id, device: known.device };
      await door.audit({ ...by, act: route.path, object: "", result: "refused", why: reason });
    }
    return context.json({ reason, ...(https === undefined ? {} : { https }) }, status);
  }
  const body = await jsonBody(context);
  if (body === undefined) return context.json({ reason: noJson }, 400);
  const by = { person: person.id, device: person.device };
  let answer;
  try {
    answer = await route.act({ ...call, person, body: body.json });
  } catch (failure) {
    // Nobody knows how far it came: that somebody tried stands in the book all the same.
    const why = messageChain(failure);
    await door.audit({ ...by, act: route.path, object: "", result: "failed", why });
    const reason = `It may or may not have been done: ${why}. Look at the machine before you try again.`;
    return context.json({ reason }, 500);
  }
  const { status = 200, json, audit } = answer;
  if (audit !== undefined) await door.audit({ ...audit, ...by });
  return context.json(json, status);
}

async function enter(context: PageContext, route: EnteringRoute): Promise<Response> {
  const asked = askedOf(context);
  // Another page cannot send this type without asking first, and is never answered (Fetch, CORS protocol).
  if (!/^application\/json\b/.test(asked.header("content-type") ?? "")) {
    return context.json({ reason: noJson }, 400);
  }
  if (!isFromHere(asked)) {
    return context.json({ reason: "this was sent by another page" }, 403);
  }
  const body = await jsonBody(context);
  if (body === undefined) return context.json({ reason: noJson }, 400);
  const { status = 200, json, cookie } = await route.enter(asked, body.json);
  context.header("Cache-Control", "no-store");
  if (cookie !== undefined) context.header("Set-Cookie", cookie);
  return context.json(json, status);
}

const noJson = `this takes JSON of at most ${bodyBytesMax} bytes`;

/** Browsers name the page that sends (Fetch, 3.2); programs send nothing, and no browser's cookies. */
function isFromHere(asked: Asked): boolean {
  const origin = asked.header("origin");
  if (origin === undefined) return true;
  return origin === `${asked.secure ? "https" : "http"}://${asked.header("host") ?? ""}`;
}

function callOf(context: PageContext): RouteCall {
  return {
    asked: askedOf(context),
    params: context.req.param(),
    query: context.req.query(),
    signal: context.req.raw.signal,
  };
}
