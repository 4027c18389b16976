/**
 * Where the audit chain ended last, in a file outside the journal, so that cutting off its end is found. It is signed with
 * this gateway's secret: who can write files and not read that one cannot make another anchor.
 */
import { readOwn, writeOwn } from "./own-file.ts";
import { chainBegin, type ChainHead } from "./audit-chain.ts";
import type { GatewaySecret } from "./secret.ts";

const purpose = "audit anchor";

export type Anchor =
  | { readonly kind: "anchored"; readonly head: ChainHead }
  /** There is none: the first start of this gateway, or of its restored journal on another machine. */
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly what: string };

export function readAnchor(file: string, secret: GatewaySecret): Anchor {
  const text = readOwn(file);
  if (text === undefined) return { kind: "none" };
  const forged: Anchor = {
    kind: "forged",
    what: `${file} was not written by this gateway, or was changed since`,
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return forged;
  }
  if (typeof json !== "object" || json === null) return forged;
  const { index, chain, mac } = json as Readonly<Record<string, unknown>>;
  if (typeof index !== "number" || typeof chain !== "string") return forged;
  const head = { index, chain };
  if (mac !== macOf(head, secret)) return forged;
  return { kind: "anchored", head };
}

export async function writeAnchor(
  file: string,
  secret: GatewaySecret,
  head: ChainHead,
): Promise<void> {
  await writeOwn(file, JSON.stringify({ ...head, mac: macOf(head, secret) }));
}

export function anchoredHead(anchor: Anchor): ChainHead {
  return anchor.kind === "anchored" ? anchor.head : chainBegin;
}

function macOf({ index, chain }: ChainHead, secret: GatewaySecret): string {
  return secret.mac(purpose, `${index} ${chain}`);
}
