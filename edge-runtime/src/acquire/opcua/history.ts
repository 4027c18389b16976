import { ServiceFailure } from "./faults.ts";
import type { Library, opcua } from "./library.ts";
import type { Session } from "./session.ts";
import { toUs } from "./values.ts";

/** The hole of one item, µs by the server's clock; both ends are known and not wanted again. */
export interface Hole {
  readonly item: number;
  readonly nodeId: opcua.NodeId;
  readonly fromUs: number;
  readonly toUs: number;
  /** Time of a value between them that is not wanted again either. */
  readonly hadUs?: number;
}

/** Values asked for at once, for each node. */
const valuesAtOnce = 1_000;
/** A hole of a day at 10 Hz; a server that goes on beyond it is not believed. */
const valuesMax = 1_000_000;
/** History is read beside what happens now, and a controller has other work: an hour of 100 items at 1 Hz in 36 s. */
const valuesPerS = 10_000;
/** So much more of a value's past is read sooner than another request is answered. */
const widerUs = 10_000_000;

/** What of a hole stays open: nothing behind this time could be read. */
export interface Unfilled {
  readonly item: number;
  /** µs by the device's clock; NaN when nothing of the hole was read. */
  readonly fromUs: number;
}

interface Wish {
  readonly hole: Hole;
  readonly continuationPoint: Buffer | undefined;
  readonly count: number;
  /** Time of the last value read. */
  readonly atUs: number;
}

/**
 * Reads holes from the server's own history (HistoryRead, raw; OPC 10000-11, 6.5.3), following continuation points
 * until they end. A point that is not followed to its end is released: servers grant few of them, and keep them until the
 * session closes (OPC 10000-4, 7.9).
 *
 * @param take is awaited, so that a slow reader slows the reading
 * @param rest waits so many ms; rejects when the conversation ends
 */
export async function fillHoles(
  library: Library,
  session: Session,
  holes: readonly Hole[],
  atOnce: number,
  take: (item: number, values: readonly opcua.DataValue[]) => Promise<void>,
  rest: (ms: number) => Promise<void>,
): Promise<readonly Unfilled[]> {
  const unfilled: Unfilled[] = [];
  for (const together of sliceHoles(holes, atOnce)) {
    let open = together.map((hole): Wish => ({
      hole,
      continuationPoint: undefined,
      count: 0,
      atUs: NaN,
    }));
    /** Granted by the server and not asked for again. */
    let granted: Wish[] = [];
    try {
      while (open.length > 0) {
        const results = await readSlice(library, session, open);
        // Asking with a point gives it back; what comes instead is another one.
        granted = open.flatMap((wish, place) => {
          const point = results[place]?.continuationPoint as Buffer | null | undefined;
          return (point?.length ?? 0) === 0
            ? []
            : [{ ...wish, continuationPoint: point ?? undefined }];
        });
        const next: Wish[] = [];
        let read = 0;
        for (const [place, wish] of open.entries()) {
          const result = results[place];
          if (result === undefined || result.statusCode.value >>> 30 >= 2) {
            unfilled.push({ item: wish.hole.item, fromUs: wish.atUs });
            continue;
          }
          const values = valuesOf(library, result);
          read += values.length;
          const atUs = await takeInside(wish, values, take);
          const count = wish.count + values.length;
          const more = granted.find(({ hole }) => hole === wish.hole)?.continuationPoint;
          if (more === undefined) continue;
          if (values.length === 0 || count >= valuesMax) {
            unfilled.push({ item: wish.hole.item, fromUs: atUs });
          } else {
            next.push({ hole: wish.hole, continuationPoint: more, count, atUs });
          }
        }
        await rest((read / valuesPerS) * 1_000);
        await release(
          library,
          session,
          granted.filter(({ hole }) => !next.some((one) => one.hole === hole)),
        );
        granted = next;
        open = next;
      }
    } catch (failure) {
      // The session may live on, and another conversation with it. That this fails too is no news.
      await release(library, session, granted).catch(() => undefined);
      throw failure;
    }
  }
  return unfilled;
}

/**
 * Which holes are asked for with one request, each once. A request has one time range for all its nodes, and a hole begins
 * with the last value that we have: beside one that had not changed for weeks, weeks of all the others would be read. So
 * none is read for more than twice as long as it lasts.
 */
export function sliceHoles(holes: readonly Hole[], atOnce: number): readonly (readonly Hole[])[] {
  const slices: Hole[][] = [];
  let slice: Hole[] = [];
  let [fromUs, toUs, shortestUs] = [NaN, -Infinity, Infinity];
  for (const hole of holes.toSorted((one, other) => one.fromUs - other.fromUs)) {
    const untilUs = Math.max(toUs, hole.toUs);
    const leastUs = Math.min(shortestUs, hole.toUs - hole.fromUs);
    const isNear = untilUs - fromUs - leastUs <= Math.max(leastUs, widerUs);
    if (isNear && slice.length < atOnce) {
      slice.push(hole);
      [toUs, shortestUs] = [untilUs, leastUs];
    } else {
      slice = [hole];
      slices.push(slice);
      [fromUs, toUs, shortestUs] = [hole.fromUs, hole.toUs, hole.toUs - hole.fromUs];
    }
  }
  return slices;
}

/** Hands on what lies within the hole. @returns time of the last value */
async function takeInside(
  { hole, atUs }: Wish,
  values: readonly opcua.DataValue[],
  take: (item: number, values: readonly opcua.DataValue[]) => Promise<void>,
): Promise<number> {
  const times = values.map((value) => toUs(value.sourceTimestamp, value.sourcePicoseconds));
  const inside = values.filter((_value, at) => {
    const us = times[at] ?? NaN;
    return us > hole.fromUs && us < hole.toUs && us !== hole.hadUs;
  });
  if (inside.length > 0) await take(hole.item, inside);
  return times.findLast((us) => Number.isFinite(us)) ?? atUs;
}

async function release(library: Library, session: Session, wishes: readonly Wish[]): Promise<void> {
  if (wishes.length === 0) return;
  await readSlice(library, session, wishes, true);
}

async function readSlice(
  library: Library,
  session: Session,
  open: readonly Wish[],
  releases = false,
): Promise<readonly opcua.HistoryReadResult[]> {
  // What lies outside a node's own hole is left out afterwards.
  const fromUs = Math.min(...open.map(({ hole }) => hole.fromUs));
  const toTimeUs = Math.max(...open.map(({ hole }) => hole.toUs));
  const request = new library.HistoryReadRequest({
    historyReadDetails: new library.ReadRawModifiedDetails({
      isReadModified: false,
      startTime: new Date(fromUs / 1_000),
      // The service speaks in ticks of 100 ns and the library in ms: what lies beyond is left out afterwards.
      endTime: new Date(Math.ceil(toTimeUs / 1_000)),
      numValuesPerNode: valuesAtOnce,
      returnBounds: false,
    }),
    timestampsToReturn: library.TimestampsToReturn.Source,
    releaseContinuationPoints: releases,
    nodesToRead: open.map(({ hole, continuationPoint }) => ({
      nodeId: hole.nodeId,
      ...(continuationPoint === undefined ? {} : { continuationPoint }),
    })),
  });
  try {
    return (await session.call(request, library.HistoryReadResponse)).results ?? [];
  } catch (failure) {
    // A server without history says no to the whole service; then every hole stays.
    if (failure instanceof ServiceFailure) return [];
    throw failure;
  }
}

function valuesOf(library: Library, result: opcua.HistoryReadResult): readonly opcua.DataValue[] {
  const data: unknown = result.historyData;
  return data instanceof library.HistoryData ? (data.dataValues ?? []) : [];
}
