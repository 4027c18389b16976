import type { DriverContext, OfferedPoint } from "../driver.ts";
import { describeNodes, textMax, type FoundNode } from "./describe-nodes.ts";
import type { Library, opcua } from "./library.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";

/**
 * Bounds of one walk. A server may be hostile or only large: graphs have cycles, and references without end
 * (field practice 30).
 */
export interface BrowseCaps {
  /** Points handed out. */
  readonly pointsMax: number;
  /** Nodes looked at; a large controller has some ten thousand. */
  readonly nodesMax: number;
  /** Levels below the Objects folder. */
  readonly depthMax: number;
  /** References of one node. */
  readonly referencesMax: number;
}

export const browseCaps: Omit<BrowseCaps, "pointsMax"> = {
  nodesMax: 200_000,
  depthMax: 24,
  referencesMax: 20_000,
};

/** Objects (OPC 10000-5, 8.2.3) and Server (8.3.2), whose insides are not the machine's. */
const objectsFolder = "ns=0;i=85";
const serverObject = "ns=0;i=2253";
/** Object and Variable, as a mask (OPC 10000-4, 5.9.2). */
const classMask = 1 | 2;
const variableClass = 2;

interface Place {
  readonly nodeId: string;
  readonly path: readonly string[];
}

/** Walks the machine's part of the address space, level by level, and decodes what it finds live. */
export async function* browse(
  library: Library,
  session: Session,
  facts: ServerFacts,
  caps: BrowseCaps,
  say: Pick<DriverContext, "log" | "note">,
  signal: AbortSignal,
): AsyncIterable<OfferedPoint> {
  const { log } = say;
  /** Whoever chooses from the list has to know that it is not the whole of it. */
  const endEarly = (why: "nodes" | "points" | "levels", most: number): void => {
    log.warn("acquire.browse-ended", { why, most });
    say.note(`browsing ended early, at ${most} ${why}; the device has more`);
  };
  const visited = new Set<string>([objectsFolder, serverObject]);
  let level: Place[] = [{ nodeId: objectsFolder, path: [] }];
  let offered = 0;
  let closed = 0;
  for (let depth = 0; depth < caps.depthMax && level.length > 0; depth++) {
    const next: Place[] = [];
    for (let from = 0; from < level.length; from += facts.limits.browse) {
      signal.throwIfAborted();
      const slice = level.slice(from, from + facts.limits.browse);
      const variables: FoundNode[] = [];
      for (const found of await referencesOf(library, session, slice, caps)) {
        const nodeId = found.reference.nodeId.toString();
        if (visited.has(nodeId)) continue;
        if (visited.size >= caps.nodesMax) {
          endEarly("nodes", caps.nodesMax);
          return;
        }
        visited.add(nodeId);
        next.push({ nodeId, path: found.path });
        if ((found.reference.nodeClass as number) === variableClass) variables.push(found);
      }
      for await (const point of describeNodes(library, session, facts, variables)) {
        if (point === "closed") {
          closed++;
          continue;
        }
        if (offered >= caps.pointsMax) {
          endEarly("points", caps.pointsMax);
          return;
        }
        offered++;
        yield point;
      }
    }
    level = next;
  }
  if (level.length > 0) endEarly("levels", caps.depthMax);
  log.info("acquire.browsed", {
    nodes: visited.size,
    points: offered,
    arraysAndStructures: closed,
  });
}

async function referencesOf(
  library: Library,
  session: Session,
  places: readonly Place[],
  caps: BrowseCaps,
): Promise<FoundNode[]> {
  const answer = await session.call(
    new library.BrowseRequest({
      requestedMaxReferencesPerNode: 1_000,
      nodesToBrowse: places.map(({ nodeId }) => ({
        nodeId,
        browseDirection: library.BrowseDirection.Forward,
        referenceTypeId: "i=33",
        includeSubtypes: true,
        nodeClassMask: classMask,
        resultMask: 63,
      })),
    }),
    library.BrowseResponse,
  );
  const found: FoundNode[] = [];
  for (const [place, result] of (answer.results ?? []).entries()) {
    const { path } = places[place] ?? { path: [] };
    let references = result.references ?? [];
    let point = continuation(result);
    let count = 0;
    for (;;) {
      for (const reference of references.slice(0, caps.referencesMax - count)) {
        const name = reference.displayName.text ?? reference.browseName.name ?? "";
        found.push({ reference, path: [...path, name.slice(0, textMax)] });
      }
      count += references.length;
      if (point === undefined) break;
      const release = count >= caps.referencesMax || references.length === 0;
      const more: opcua.BrowseNextResponse = await session.call(
        new library.BrowseNextRequest({
          continuationPoints: [point],
          releaseContinuationPoints: release,
        }),
        library.BrowseNextResponse,
      );
      const part = more.results?.[0];
      if (release || part === undefined) break;
      references = part.references ?? [];
      point = continuation(part);
    }
  }
  return found;
}

function continuation(result: opcua.BrowseResult): Buffer | undefined {
  const point = result.continuationPoint as Buffer | null;
  return point === null || point.length === 0 ? undefined : point;
}
