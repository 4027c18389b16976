/** Events and alarms for people and programs. All of it is looking: who may act on an alarm stands at its gateway. */
import { eventKinds, type EventKind } from "@millwright/wire-contract/events";
import type { Context, Hono } from "hono";

import type { EventBoard } from "../event-views.ts";
import type { EventsAsked } from "../hand-over.ts";
import { csvHeaders, streamOf } from "./csv-stream.ts";

const shownByDefault = 100;
const shownMax = 1_000;
/** An address is no longer than 8 kB with most proxies. */
const gatewaysMax = 200;
/** As far back as the numbers are shown: a day, a week, a month. */
const loadDays = [1, 7, 30];

export function addEventRoutes(app: Hono, board: () => EventBoard): void {
  app.get("/api/events", async (context) => {
    const asked = askedIn(context);
    return typeof asked === "string"
      ? context.text(asked, 400)
      : context.json(await board().list(asked));
  });

  app.get("/api/events.csv", (context) => {
    const asked = askedIn(context);
    if (typeof asked === "string") return context.text(asked, 400);
    return context.body(streamOf(board().csv(asked)), 200, csvHeaders("events.csv"));
  });

  app.get("/api/alarms", async (context) => context.json(await board().alarms()));

  app.get("/api/alarms/load", async (context) => {
    const days = Number(context.req.query("days") ?? "1");
    if (!loadDays.includes(days)) return context.text(`days is one of ${loadDays.join(", ")}`, 400);
    return context.json(await board().load(days));
  });
}

/** What the address asks for, or in words what is wrong with it. */
function askedIn(context: Context): EventsAsked | string {
  const { gateway, kind, asset, subject, from, to, after, max } = context.req.query();
  if (kind !== undefined && !isKind(kind)) {
    return `kind is one of ${Object.keys(eventKinds).join(", ")}`;
  }
  const fromUs = timeIn(from);
  const toUs = timeIn(to);
  if (Number.isNaN(fromUs) || Number.isNaN(toUs)) return "from and to are whole µs since 1970";
  const most = max === undefined ? shownByDefault : Number(max);
  if (!Number.isSafeInteger(most) || most < 1 || most > shownMax) {
    return `max is a whole number from 1 to ${shownMax}`;
  }
  const gateways = gateway?.split(",").filter((one) => one !== "");
  if ((gateways?.length ?? 0) > gatewaysMax) return `at most ${gatewaysMax} gateways`;
  const place = after === undefined ? undefined : /^(-?\d{1,16})\.(\d{1,16})$/.exec(after);
  if (place === null) return "after is what a page before has named as next";
  return {
    max: most,
    ...(gateways === undefined || gateways.length === 0 ? {} : { gateways }),
    ...(kind === undefined ? {} : { kind }),
    ...(asset === undefined ? {} : { asset }),
    ...(subject === undefined ? {} : { subject }),
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(toUs === undefined ? {} : { toUs }),
    ...(place === undefined ? {} : { after: { atUs: Number(place[1]), id: Number(place[2]) } }),
  };
}

/** NaN when it is none. */
function timeIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const us = Number(text);
  return Number.isSafeInteger(us) ? us : NaN;
}

function isKind(kind: string): kind is EventKind {
  return Object.hasOwn(eventKinds, kind);
}
