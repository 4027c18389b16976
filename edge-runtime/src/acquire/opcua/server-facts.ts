import { createHash } from "node:crypto";

import type { Library, opcua } from "./library.ts";
import type { Session } from "./session.ts";
import { inSlices } from "./slices.ts";
import { toUs, type DeviceVariant } from "./values.ts";

/** What a server says of itself at the beginning of a conversation. */
export interface ServerFacts {
  /** Namespace URIs by index. */
  readonly namespaces: readonly string[];
  /** When the server started, µs; a new one means that nothing we left there exists. NaN when it does not say. */
  readonly startTimeUs: number;
  readonly currentTimeUs: number;
  /** 0 to 255 (OPC 10000-4, 6.6.2); undefined when it does not say. */
  readonly serviceLevel: number | undefined;
  /** Elements that one request may hold (OPC 10000-5, 6.3.11). */
  readonly limits: OperationLimits;
}

export interface OperationLimits {
  readonly read: number;
  readonly write: number;
  readonly browse: number;
  readonly translate: number;
  readonly items: number;
  readonly history: number;
}

/** Numeric ids of the standard's own nodes (OPC 10000-6, A.3). */
export const serverNodes = {
  namespaceArray: 2255,
  startTime: 2257,
  currentTime: 2258,
  state: 2259,
  serviceLevel: 2267,
} as const;

const limitNodes = {
  read: 11_705,
  history: 12_165,
  write: 11_707,
  browse: 11_710,
  translate: 11_712,
  items: 11_714,
} as const;

/** Where a server states no limit: what small controllers bear, and still few round trips for 10,000 tags. */
const limitUnstated = 1_000;
/** More saves no time, and keeps a message small. */
const limitMax = 2_000;

const valueAttribute = 13;

export async function readServerFacts(library: Library, session: Session): Promise<ServerFacts> {
  const ids = [
    serverNodes.namespaceArray,
    serverNodes.startTime,
    serverNodes.currentTime,
    serverNodes.serviceLevel,
    limitNodes.read,
    limitNodes.history,
    limitNodes.write,
    limitNodes.browse,
    limitNodes.translate,
    limitNodes.items,
  ];
  const [namespaces, start, current, level, ...limits] = await readValues(
    library,
    session,
    ids.map((id) => new library.NodeId(library.NodeId.NodeIdType.NUMERIC, id, 0)),
    ids.length,
    "read",
  );
  const [read, history, write, browse, translate, items] = limits.map(limitOf);
  const table = plain(namespaces)?.value;
  const serviceLevel = plain(level)?.value;
  return {
    namespaces: Array.isArray(table) ? table.map(String) : [],
    startTimeUs: timeOf(start),
    currentTimeUs: timeOf(current),
    serviceLevel: typeof serviceLevel === "number" ? serviceLevel : undefined,
    limits: {
      read: read ?? limitUnstated,
      write: write ?? limitUnstated,
      browse: Math.min(browse ?? limitUnstated, 100),
      translate: translate ?? limitUnstated,
      items: items ?? limitUnstated,
      history: Math.min(history ?? limitUnstated, 100),
    },
  };
}

/** Names a table of namespaces: where another one stands, the ids of a subscription may mean other nodes. */
export function namespacesMark({ namespaces }: ServerFacts): string {
  return createHash("sha256").update(JSON.stringify(namespaces)).digest("hex").slice(0, 16);
}

/**
 * Reads the values of nodes with their source times, as many at once as the server bears.
 *
 * @param purpose `source`: with source times; `read`: without times
 */
export async function readValues(
  library: Library,
  session: Session,
  nodeIds: readonly opcua.NodeId[],
  atOnce: number,
  purpose: "source" | "read" = "source",
): Promise<opcua.DataValue[]> {
  return inSlices(nodeIds, atOnce, async (slice) => {
    const answer = await session.call(
      new library.ReadRequest({
        maxAge: 0,
        timestampsToReturn:
          purpose === "source"
            ? library.TimestampsToReturn.Source
            : library.TimestampsToReturn.Neither,
        nodesToRead: slice.map((nodeId) => ({ nodeId, attributeId: valueAttribute })),
      }),
      library.ReadResponse,
    );
    return answer.results ?? [];
  });
}

function plain(value: opcua.DataValue | undefined): DeviceVariant | undefined {
  return value === undefined || value.statusCode.value >>> 30 >= 2 ? undefined : value.value;
}

function timeOf(value: opcua.DataValue | undefined): number {
  const time = plain(value)?.value;
  return time instanceof Date ? toUs(time, 0) : NaN;
}

/** Zero means "no limit" (OPC 10000-5, 6.3.11). */
function limitOf(value: opcua.DataValue): number | undefined {
  const limit = plain(value)?.value;
  if (typeof limit !== "number" || limit < 0) return undefined;
  return limit === 0 ? limitMax : Math.min(limit, limitMax);
}
