import { isWide, type Scalar, type ValueType } from "@millwright/wire-contract";

import type { OfferedPoint } from "../driver.ts";
import { permanentAddress } from "./addresses.ts";
import type { Library, opcua } from "./library.ts";
import { readValues, type ServerFacts } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { inSlices } from "./slices.ts";
import { toScalar } from "./values.ts";

/** Texts of a device are shown to people; a longer one is an attack or a mistake. */
export const textMax = 200;

/** A node that browsing has met, and the names that led to it. */
export interface FoundNode {
  readonly reference: opcua.ReferenceDescription;
  readonly path: readonly string[];
}

/** The type that a tag would declare, by number of the built-in type (OPC 10000-6, table 1). */
const typeNames: readonly (ValueType | undefined)[] = [
  undefined,
  "bool",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
  "string",
  "time",
  "string",
  "bytes",
  "string",
  "string",
  "string",
  "uint32",
  "string",
  "string",
];

/**
 * Reads value and access of variables, and the properties that say unit and range.
 *
 * @returns "closed" for what is no point by itself: arrays and structures are declared by hand, with a path
 */
export async function* describeNodes(
  library: Library,
  session: Session,
  facts: ServerFacts,
  variables: readonly FoundNode[],
): AsyncIterable<OfferedPoint | "closed"> {
  const atOnce = Math.max(1, Math.floor(facts.limits.read / 2));
  for (let from = 0; from < variables.length; from += atOnce) {
    const slice = variables.slice(from, from + atOnce);
    const nodeIds = slice.map(({ reference }) => plainId(library, reference.nodeId));
    const values = await readValues(library, session, nodeIds, facts.limits.read);
    const access = await readAccess(library, session, nodeIds, facts.limits.read);
    const properties = await readProperties(library, session, nodeIds, facts);
    for (const [place, { reference, path }] of slice.entries()) {
      const value = values[place];
      const nodeId = nodeIds[place];
      if (value === undefined || nodeId === undefined) continue;
      const variant = value.value as opcua.Variant | null;
      const type = variant === null ? undefined : typeNames[variant.dataType];
      const address = permanentAddress(nodeId.namespace, idText(library, nodeId), facts.namespaces);
      const open = variant !== null && (variant.arrayType as number) === 0;
      if (address === undefined || type === undefined || !open) {
        yield "closed";
        continue;
      }
      const { unit = "", range } = properties[place] ?? {};
      yield {
        address,
        path: path.join(" / "),
        name: path.at(-1) ?? reference.browseName.name ?? "",
        type,
        unit: unit.slice(0, textMax),
        value: clip(toScalar(variant, type, []), type),
        status: value.statusCode.value,
        ...(range === undefined ? {} : range),
        writable: ((access[place] ?? 0) & 2) !== 0,
      };
    }
  }
}

function clip(value: Scalar | undefined, type: ValueType): Scalar | undefined {
  return typeof value === "string" && isWide(type) ? value.slice(0, textMax) : value;
}

/** UserAccessLevel (OPC 10000-3, 8.57): bit 1 says that this user may write, bit 2 that he may read history. */
export async function readAccess(
  library: Library,
  session: Session,
  nodeIds: readonly opcua.NodeId[],
  atOnce: number,
): Promise<number[]> {
  const results = await inSlices(nodeIds, atOnce, async (slice) => {
    const answer = await session.call(
      new library.ReadRequest({
        timestampsToReturn: library.TimestampsToReturn.Neither,
        nodesToRead: slice.map((nodeId) => ({
          nodeId,
          attributeId: library.AttributeIds.UserAccessLevel,
        })),
      }),
      library.ReadResponse,
    );
    return answer.results ?? [];
  });
  return results.map((result) => {
    const level: unknown = result.value.value;
    return typeof level === "number" ? level : 0;
  });
}

interface Properties {
  readonly unit?: string;
  readonly range?: { readonly low: number; readonly high: number };
}

/** EngineeringUnits and EURange (OPC 10000-8, 5.6), where a variable has them. */
async function readProperties(
  library: Library,
  session: Session,
  nodeIds: readonly opcua.NodeId[],
  facts: ServerFacts,
): Promise<readonly Properties[]> {
  const names = ["EngineeringUnits", "EURange"];
  const paths = nodeIds.flatMap((startingNode) =>
    names.map((name) => ({
      startingNode,
      relativePath: {
        elements: [
          {
            referenceTypeId: "i=46",
            isInverse: false,
            includeSubtypes: true,
            targetName: { namespaceIndex: 0, name },
          },
        ],
      },
    })),
  );
  const targets: { readonly place: number; readonly nodeId: opcua.NodeId }[] = [];
  const results = await inSlices(paths, facts.limits.translate, async (slice) => {
    const answer = await session.call(
      new library.TranslateBrowsePathsToNodeIdsRequest({ browsePaths: [...slice] }),
      library.TranslateBrowsePathsToNodeIdsResponse,
    );
    return answer.results ?? [];
  });
  for (const [index, result] of results.entries()) {
    const target = result.targets?.[0];
    if (target === undefined) continue;
    const place = Math.floor(index / names.length);
    targets.push({ place, nodeId: plainId(library, target.targetId) });
  }
  const values = await readValues(
    library,
    session,
    targets.map(({ nodeId }) => nodeId),
    facts.limits.read,
    "read",
  );
  const properties: Properties[] = nodeIds.map(() => ({}));
  for (const [index, { place }] of targets.entries()) {
    const body: unknown = values[index]?.value.value;
    properties[place] = { ...properties[place], ...propertyOf(body) };
  }
  return properties;
}

function plainId(library: Library, id: opcua.NodeId): opcua.NodeId {
  return new library.NodeId(id.identifierType, id.value, id.namespace);
}

/** "i=…", "s=…", "g=…" or "b=…", without the namespace. */
function idText(library: Library, id: opcua.NodeId): string {
  return new library.NodeId(id.identifierType, id.value, 0).toString().replace(/^ns=0;/, "");
}

/** EUInformation and Range (OPC 10000-8, 5.6.3 and 5.6.2), known by their fields. */
function propertyOf(body: unknown): Properties {
  if (typeof body !== "object" || body === null) return {};
  if ("unitId" in body && "displayName" in body) {
    const { displayName } = body;
    const named = typeof displayName === "object" && displayName !== null && "text" in displayName;
    return named && typeof displayName.text === "string" ? { unit: displayName.text } : {};
  }
  if ("low" in body && "high" in body) {
    const { low, high } = body;
    if (typeof low === "number" && typeof high === "number" && high > low) {
      return { range: { low, high } };
    }
  }
  return {};
}
