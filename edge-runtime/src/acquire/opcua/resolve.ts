import { indexOf, nodeIdText, type Address, type PathName } from "./addresses.ts";
import type { Library, opcua } from "./library.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { inSlices } from "./slices.ts";

/** The root folder, from which browse paths begin (OPC 10000-5, 8.2.2). */
const rootFolder = "i=84";
/** HierarchicalReferences (OPC 10000-5, 11.3). */
const hierarchical = "i=33";

/** Finds the present node ids of addresses; undefined where the server knows no such node or namespace. */
export async function resolveAddresses(
  library: Library,
  session: Session,
  addresses: readonly Address[],
  facts: ServerFacts,
): Promise<(opcua.NodeId | undefined)[]> {
  const found: (opcua.NodeId | undefined)[] = [];
  const paths: { readonly index: number; readonly path: opcua.BrowsePath }[] = [];
  for (const [index, address] of addresses.entries()) {
    if (address.kind === "node") {
      const text = nodeIdText(address, facts.namespaces);
      found[index] = text === undefined ? undefined : library.coerceNodeId(text);
    } else {
      found[index] = undefined;
      const path = toBrowsePath(library, address.steps, facts.namespaces);
      if (path !== undefined) paths.push({ index, path });
    }
  }
  const results = await inSlices(paths, facts.limits.translate, async (slice) => {
    const answer = await session.call(
      new library.TranslateBrowsePathsToNodeIdsRequest({
        browsePaths: slice.map(({ path }) => path),
      }),
      library.TranslateBrowsePathsToNodeIdsResponse,
    );
    return answer.results ?? [];
  });
  for (const [place, { index }] of paths.entries()) {
    const result = results[place];
    const target = result?.targets?.[0];
    if (result === undefined || result.statusCode.value >>> 30 >= 2) continue;
    if (target === undefined) continue;
    const { identifierType, value, namespace } = target.targetId;
    found[index] = new library.NodeId(identifierType, value, namespace);
  }
  return found;
}

function toBrowsePath(
  library: Library,
  steps: readonly PathName[],
  namespaces: readonly string[],
): opcua.BrowsePath | undefined {
  const elements: opcua.RelativePathElement[] = [];
  for (const step of steps) {
    const namespaceIndex = indexOf(step.namespace, namespaces);
    if (namespaceIndex === undefined) return undefined;
    elements.push(
      new library.RelativePathElement({
        referenceTypeId: hierarchical,
        isInverse: false,
        includeSubtypes: true,
        targetName: { namespaceIndex, name: step.name },
      }),
    );
  }
  return new library.BrowsePath({ startingNode: rootFolder, relativePath: { elements } });
}
