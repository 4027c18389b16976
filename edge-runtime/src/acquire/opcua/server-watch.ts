import type { Library, opcua } from "./library.ts";
import type { Subscription } from "./monitoring.ts";
import { ServiceFailure } from "./faults.ts";
import type { Notes } from "./notes.ts";
import { serverNodes, type ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { inSlices } from "./slices.ts";
import { toUs } from "./values.ts";

/**
 * Items of ours in the same subscription that watch the server itself: its namespaces and start time, because addresses
 * rest on them (field practice 25), and what it says of its health (31). Their handles lie above those of any tag.
 */
const watched = [
  { handle: 0x7fff_0000, node: serverNodes.namespaceArray },
  { handle: 0x7fff_0001, node: serverNodes.startTime },
  { handle: 0x7fff_0002, node: serverNodes.serviceLevel },
  { handle: 0x7fff_0003, node: serverNodes.state },
] as const;

/** Once a second: whoever changes a namespace table has stopped the controller for longer. */
const samplingMs = 1_000;

/** Small servers have none of these nodes, or no room for them: then they are not watched. */
export async function watchServer(
  library: Library,
  session: Session,
  subscription: Subscription,
  atOnce: number,
): Promise<void> {
  const create = async (
    slice: readonly (typeof watched)[number][],
  ): Promise<readonly opcua.MonitoredItemCreateResult[]> => {
    const request = new library.CreateMonitoredItemsRequest({
      subscriptionId: subscription.id,
      timestampsToReturn: library.TimestampsToReturn.Source,
      itemsToCreate: slice.map(({ handle, node }) => ({
        itemToMonitor: {
          nodeId: new library.NodeId(library.NodeId.NodeIdType.NUMERIC, node, 0),
          attributeId: library.AttributeIds.Value,
        },
        monitoringMode: library.MonitoringMode.Reporting,
        requestedParameters: {
          clientHandle: handle,
          samplingInterval: samplingMs,
          filter: null,
          queueSize: 2,
          discardOldest: true,
        },
      })),
    });
    return (await session.call(request, library.CreateMonitoredItemsResponse)).results ?? [];
  };
  try {
    await inSlices(watched, atOnce, create);
  } catch (failure) {
    if (!(failure instanceof ServiceFailure)) throw failure;
  }
}

/**
 * Takes what a watched item said.
 *
 * @returns the service level, when it is that which was said
 * @throws when addresses or items no longer mean what they meant: the conversation has to begin again
 */
export function takeWatched(
  handle: number,
  value: opcua.DataValue,
  facts: ServerFacts,
  notes: Notes,
): number | undefined {
  const node = watched.find((item) => item.handle === handle)?.node;
  const found: unknown = value.value.value;
  switch (node) {
    case serverNodes.namespaceArray:
      if (Array.isArray(found) && !sameTexts(found, facts.namespaces)) {
        throw new Error("the server's namespaces have changed");
      }
      break;
    case serverNodes.startTime:
      if (found instanceof Date && toUs(found, 0) !== facts.startTimeUs) {
        throw new Error("the server was started anew");
      }
      break;
    case serverNodes.serviceLevel:
      if (typeof found !== "number") break;
      notes.set("service level", sayServiceLevel(found));
      return found;
    case serverNodes.state:
      if (typeof found === "number") notes.set("state", sayState(found));
      break;
    case undefined:
      // A handle that we never gave; a server that invents some is not worth a line for each value.
      break;
  }
  return undefined;
}

function sameTexts(found: readonly unknown[], known: readonly string[]): boolean {
  return found.length === known.length && known.every((text, index) => text === found[index]);
}

/** OPC 10000-4, 6.6.2.4.2: 200 to 255 healthy, 2 to 199 degraded, 1 no data, 0 maintenance. */
export function sayServiceLevel(level: number): string {
  if (level >= 200) return "";
  if (level >= 2) return `the server is degraded (service level ${level})`;
  return level === 1
    ? "the server has no data at the moment (service level 1)"
    : "the server is in maintenance (service level 0)";
}

/** OPC 10000-5, 12.6. */
const states = [
  "",
  "the server has failed inside",
  "the server is not configured",
  "the server is suspended and sends no values",
  "the server is shutting down",
  "the server is in test mode",
  "the server has lost the link to its devices",
];

function sayState(state: number): string {
  return states[state] ?? "the server does not say how it is";
}
