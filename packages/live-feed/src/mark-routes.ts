/** What both servers answer about alarms and episodes on the time axis of a chart. */
import type { TimeMarks } from "@millwright/wire-contract/events";
import type { Context, Hono } from "hono";

import { marksOf, type MarkedEvent, type MarkedThings } from "./time-marks.ts";
import { timeOfQuery } from "./time-of-query.ts";

/** Where one request finds its answers: the gateway itself, or one of the hub's. */
export interface MarkSource {
  /** By time, the newest first. @param times both ends included; without `fromUs` all before the other */
  events(
    kind: "alarm" | "episode",
    times: { readonly fromUs?: number; readonly toUs: number },
    max: number,
  ): Promise<readonly MarkedEvent[]>;
  /** What lasts now, as its newest event says or would say. */
  lasting(): Promise<readonly MarkedEvent[]>;
}

/**
 * Looked through for the time asked for, of each kind: a week of ten times what an operator can bear (144 alarms a day,
 * IEC 62682), with three transitions each, is 3,000; reading and parsing them takes some 20 ms.
 */
const inRangeMax = 3_000;
/** Before it, for what had begun and goes on. What lasts now is known without them. */
const beforeMax = 500;
/** More marks than that could not be told apart on any chart. */
const marksMax = 200;
/** As many as a chart has pens. */
const namedMax = 8;

/**
 * `GET base/marks` with `from` and `to`, µs, and up to eight `asset` and `tag` each: `TimeMarks` as JSON. Of each kind two
 * questions with a bound, and none that looks through all that was ever kept.
 */
export function addMarkRoutes(
  app: Hono,
  base: string,
  sourceOf: (context: Context) => MarkSource,
): void {
  app.get(`${base}/marks`, async (context) => {
    const time = timeOfQuery(context);
    if (typeof time === "string") return context.text(time, 400);
    const assets = context.req.queries("asset") ?? [];
    const tags = context.req.queries("tag") ?? [];
    if (assets.length > namedMax || tags.length > namedMax) {
      return context.text(`asset and tag may be named at most ${namedMax} times each`, 400);
    }
    context.header("Cache-Control", "no-store");
    return context.json(await readMarks(sourceOf(context), time, { assets, tags }));
  });
}

async function readMarks(
  source: MarkSource,
  range: { readonly fromUs: number; readonly toUs: number },
  wanted: MarkedThings,
): Promise<TimeMarks> {
  const before = { toUs: range.fromUs - 1 };
  const [lasting, alarms, episodes, alarmsBefore, episodesBefore] = await Promise.all([
    source.lasting(),
    source.events("alarm", range, inRangeMax),
    source.events("episode", range, inRangeMax),
    source.events("alarm", before, beforeMax),
    source.events("episode", before, beforeMax),
  ]);
  // What is full has lost its oldest; what came before those cannot be told from what has ended in them.
  const cut = [alarms, episodes].flatMap((read) =>
    read.length < inRangeMax ? [] : [read.at(-1)?.atUs ?? range.toUs],
  );
  const read = [
    ...[...lasting, ...alarms, ...episodes],
    ...(alarms.length < inRangeMax ? alarmsBefore : []),
    ...(episodes.length < inRangeMax ? episodesBefore : []),
  ];
  const marks = marksOf(read, range, wanted);
  return {
    marks: marks.slice(-marksMax),
    more: Math.max(0, marks.length - marksMax),
    ...(cut.length === 0 ? {} : { knownFromUs: Math.max(...cut) }),
  };
}
