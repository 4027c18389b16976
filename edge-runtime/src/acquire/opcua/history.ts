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
}

/** Values asked for at once, for each node. */
const valuesAtOnce = 1_000;
/** A hole of a day at 10 Hz; a server that goes on beyond it is not believed. */
const valuesMax = 1_000_000;

/**
 * Reads holes from the server's own history (HistoryRead, raw; OPC 10000-11, 6.5.3), following continuation points
 * until they end.
 *
 * @param take is awaited, so that a slow reader slows the reading
 * @returns the items whose hole could not be filled
 */
export async function fillHoles(
  library: Library,
  session: Session,
  holes: readonly Hole[],
  atOnce: number,
  take: (item: number, values: readonly opcua.DataValue[]) => Promise<void>,
): Promise<readonly number[]> {
  const failed: number[] = [];
  for (let from = 0; from < holes.length; from += atOnce) {
    let open = holes.slice(from, from + atOnce).map((hole) => ({
      hole,
      continuationPoint: undefined as Buffer | undefined,
      count: 0,
    }));
    while (open.length > 0) {
      const results = await readSlice(library, session, open);
      const next: typeof open = [];
      for (const [place, wish] of open.entries()) {
        const result = results[place];
        if (result === undefined || result.statusCode.value >>> 30 >= 2) {
          failed.push(wish.hole.item);
          continue;
        }
        const values = valuesOf(library, result);
        const inside = values.filter((value) => {
          const atUs = toUs(value.sourceTimestamp, value.sourcePicoseconds);
          return atUs > wish.hole.fromUs && atUs < wish.hole.toUs;
        });
        if (inside.length > 0) await take(wish.hole.item, inside);
        const count = wish.count + values.length;
        const more = result.continuationPoint as Buffer | null;
        if (more === null || more.length === 0) continue;
        if (values.length === 0 || count >= valuesMax) failed.push(wish.hole.item);
        else next.push({ hole: wish.hole, continuationPoint: more, count });
      }
      open = next;
    }
  }
  return failed;
}

async function readSlice(
  library: Library,
  session: Session,
  open: readonly { readonly hole: Hole; readonly continuationPoint: Buffer | undefined }[],
): Promise<readonly opcua.HistoryReadResult[]> {
  // One request has one time range: the widest; what lies outside a node's own hole is left out afterwards.
  const fromUs = Math.min(...open.map(({ hole }) => hole.fromUs));
  const toTimeUs = Math.max(...open.map(({ hole }) => hole.toUs));
  const request = new library.HistoryReadRequest({
    historyReadDetails: new library.ReadRawModifiedDetails({
      isReadModified: false,
      startTime: new Date(fromUs / 1_000),
      endTime: new Date(toTimeUs / 1_000),
      numValuesPerNode: valuesAtOnce,
      returnBounds: false,
    }),
    timestampsToReturn: library.TimestampsToReturn.Source,
    releaseContinuationPoints: false,
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
