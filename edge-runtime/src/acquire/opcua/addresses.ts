import type { Refused } from "@millwright/kit";

/**
 * How a person writes the address of a node. Namespaces are named by their URI, because their indices change when a
 * module is added to the controller (field practice 25); an index is understood, and a plan warns of it.
 *
 * - `nsu=http://vendor.example/pump;s=Bearing.Temperature` (OPC 10000-6, 5.1.12), also `i=2258`, `ns=2;s=…`
 * - `path:/Objects/{http://vendor.example/pump}Pump1/Bearing`: browse names below the root folder, for servers that
 *   make their numeric ids anew at each start. A name belongs to the namespace of the name before it unless it says
 *   otherwise, by `{uri}` or by `2:`; `0:` leads back to the standard's own names.
 */
export type Address =
  | {
      readonly kind: "node";
      readonly namespace: Namespace;
      readonly idType: "i" | "s" | "g" | "b";
      readonly id: string;
    }
  | { readonly kind: "path"; readonly steps: readonly PathName[] };

export type Namespace = { readonly uri: string } | { readonly index: number };

export interface PathName {
  readonly namespace: Namespace;
  readonly name: string;
}

const nodePattern = /^(?:nsu=([^;]+);|ns=(\d{1,5});)?([isgb])=(.+)$/s;
const guidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function parseAddress(text: string): Address | Refused {
  if (text.startsWith("path:")) return parsePath(text);
  const match = nodePattern.exec(text);
  if (match === null) {
    return refuse(
      `"${text}" is not a node id; write nsu=<namespace URI>;s=<name>, i=<number>, or path:/Objects/…`,
    );
  }
  const [, uri, index, idType, id] = match;
  if (idType === undefined || id === undefined) return refuse(`"${text}" is not a node id`);
  const namespace: Namespace =
    uri === undefined ? { index: Number(index ?? 0) } : { uri: decodeUri(uri) };
  if (idType === "i" && !(/^\d{1,10}$/.test(id) && Number(id) <= 0xffff_ffff)) {
    return refuse(`"${id}" in "${text}" is not a number of a node (0 to 4294967295)`);
  }
  if (idType === "g" && !guidPattern.test(id)) {
    return refuse(`"${id}" in "${text}" is not a GUID`);
  }
  if (idType === "b" && !base64Pattern.test(id)) {
    return refuse(`"${id}" in "${text}" is not base64`);
  }
  return { kind: "node", namespace, idType: idType as "i" | "s" | "g" | "b", id };
}

/** OPC 10000-6, 5.1.12: `;` and `%` in a namespace URI are written as %3B and %25. */
function decodeUri(text: string): string {
  return text.replaceAll(/%3b/gi, ";").replaceAll("%25", "%");
}

function parsePath(text: string): Address | Refused {
  const body = text.slice("path:".length);
  if (!body.startsWith("/")) {
    return refuse(`"${text}" has to begin at the root: path:/Objects/…`);
  }
  const steps: PathName[] = [];
  let namespace: Namespace = { index: 0 };
  let at = 1;
  while (at <= body.length) {
    if (body[at] === "{") {
      const end = body.indexOf("}", at);
      if (end < 0) return refuse(`"${text}" opens { and does not close it`);
      namespace = { uri: body.slice(at + 1, end) };
      at = end + 1;
    }
    // OPC 10000-4, A.2: "&" takes the meaning from the sign after it.
    let name = "";
    for (; at < body.length && body[at] !== "/"; at++) {
      if (body[at] === "&") at++;
      name += body[at] ?? "";
    }
    at++;
    const numbered = /^(\d{1,5}):(.+)$/s.exec(name);
    if (numbered?.[1] !== undefined && numbered[2] !== undefined) {
      namespace = { index: Number(numbered[1]) };
      name = numbered[2];
    }
    if (name === "") return refuse(`"${text}" has an empty name in it`);
    steps.push({ namespace, name });
  }
  return { kind: "path", steps };
}

/** True when the address rests on an index that the server may give to another namespace tomorrow. */
export function usesNamespaceIndex(address: Address): boolean {
  const namespaces =
    address.kind === "node" ? [address.namespace] : address.steps.map((step) => step.namespace);
  return namespaces.some((namespace) => "index" in namespace && namespace.index > 0);
}

/** The index of a namespace in the server's present table; undefined when the server does not know it. */
export function indexOf(namespace: Namespace, table: readonly string[]): number | undefined {
  if ("index" in namespace) return namespace.index;
  const index = table.indexOf(namespace.uri);
  return index < 0 ? undefined : index;
}

/** The form that the library reads, with the server's present index; undefined when the namespace is unknown there. */
export function nodeIdText(
  address: Extract<Address, { kind: "node" }>,
  table: readonly string[],
): string | undefined {
  const index = indexOf(address.namespace, table);
  return index === undefined ? undefined : `ns=${index};${address.idType}=${address.id}`;
}

/** The permanent form of an id that the server gave with an index. `id` is "i=…", "s=…", "g=…" or "b=…". */
export function permanentAddress(
  index: number,
  id: string,
  table: readonly string[],
): string | undefined {
  if (index === 0) return id;
  const uri = table[index];
  if (uri === undefined) return undefined;
  return `nsu=${uri.replaceAll("%", "%25").replaceAll(";", "%3B")};${id}`;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
