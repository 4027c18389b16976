import type { Library, opcua } from "./library.ts";
import type { OperationLimits } from "./server-facts.ts";
import type { Session } from "./session.ts";
import { builtIn } from "./values.ts";

/**
 * Decodes structures that only the server can describe. The library learns their layout by asking the server, once for
 * each conversation, and only when one is met.
 */
export class StructureDecoder {
  readonly #library: Library;
  readonly #session: Session;
  readonly #limits: OperationLimits;
  #view: opcua.IBasicSessionAsync2 | undefined;

  constructor(library: Library, session: Session, limits: OperationLimits) {
    this.#library = library;
    this.#session = session;
    this.#limits = limits;
  }

  /** Changes the values in place. One that cannot be decoded stays closed, and is then a type that does not fit. */
  async decode(values: readonly opcua.DataValue[]): Promise<void> {
    const structured = values.filter(isStructure);
    if (structured.length === 0) return;
    this.#view ??= viewOf(this.#library, this.#session, this.#limits);
    await this.#library.promoteOpaqueStructure(this.#view, structured);
  }
}

/** Such a value is closed until its layout was asked for. */
export function isStructure(value: {
  readonly value?: { readonly dataType?: unknown } | null;
}): boolean {
  return value.value?.dataType === builtIn.extensionObject;
}

/** As much of the library's session as its decoder asks for. */
function viewOf(
  library: Library,
  session: Session,
  limits: OperationLimits,
): opcua.IBasicSessionAsync2 {
  const browse = async (
    nodes: opcua.BrowseDescriptionLike | opcua.BrowseDescriptionLike[],
  ): Promise<opcua.BrowseResult | opcua.BrowseResult[]> => {
    const list = Array.isArray(nodes) ? nodes : [nodes];
    const answer = await session.call(
      new library.BrowseRequest({
        requestedMaxReferencesPerNode: limits.browse,
        nodesToBrowse: list.map((node) => (typeof node === "string" ? { nodeId: node } : node)),
      }),
      library.BrowseResponse,
    );
    const results = answer.results ?? [];
    const [first] = results;
    return Array.isArray(nodes) || first === undefined ? results : first;
  };
  const browseNext = async (
    points: Buffer | Buffer[],
    releaseContinuationPoints: boolean,
  ): Promise<opcua.BrowseResult | opcua.BrowseResult[]> => {
    const answer = await session.call(
      new library.BrowseNextRequest({
        continuationPoints: Array.isArray(points) ? points : [points],
        releaseContinuationPoints,
      }),
      library.BrowseNextResponse,
    );
    const results = answer.results ?? [];
    const [first] = results;
    return Array.isArray(points) || first === undefined ? results : first;
  };
  const read = async (
    nodes: opcua.ReadValueIdOptions | opcua.ReadValueIdOptions[],
  ): Promise<opcua.DataValue | opcua.DataValue[]> => {
    const answer = await session.call(
      new library.ReadRequest({
        timestampsToReturn: library.TimestampsToReturn.Neither,
        nodesToRead: Array.isArray(nodes) ? nodes : [nodes],
      }),
      library.ReadResponse,
    );
    const results = answer.results ?? [];
    const [first] = results;
    return Array.isArray(nodes) || first === undefined ? results : first;
  };
  const translateBrowsePath = async (
    paths: opcua.BrowsePath | opcua.BrowsePath[],
  ): Promise<opcua.BrowsePathResult | opcua.BrowsePathResult[]> => {
    const answer = await session.call(
      new library.TranslateBrowsePathsToNodeIdsRequest({
        browsePaths: Array.isArray(paths) ? paths : [paths],
      }),
      library.TranslateBrowsePathsToNodeIdsResponse,
    );
    const results = answer.results ?? [];
    const [first] = results;
    return Array.isArray(paths) || first === undefined ? results : first;
  };
  const view = { browse, browseNext, read, translateBrowsePath };
  // The decoder uses these four; the library's type asks for the whole of its own session.
  return view as unknown as opcua.IBasicSessionAsync2;
}
