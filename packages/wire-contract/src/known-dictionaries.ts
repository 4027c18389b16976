import { hash } from "node:crypto";
import type { Refused } from "@millwright/kit";
import { decodeDictionary, type Dictionary } from "./dictionary.ts";

/** Bodies that are remembered: a name of 64 characters and a reference for each, some 2 MB. */
const knownMax = 10_000;

const known = new Map<string, WeakRef<Dictionary>>();

/**
 * As `decodeDictionary`, and the same bytes give the same object for as long as somebody holds it. Gateways that were set
 * up alike have one dictionary, byte for byte: a hub of thousands would decode it thousands of times, and hold as many.
 */
export function readDictionary(body: Uint8Array): Dictionary | Refused {
  const name = hash("sha256", body, "hex");
  const held = known.get(name)?.deref();
  if (held !== undefined) return held;
  const dictionary = decodeDictionary(body);
  if ("kind" in dictionary) return dictionary;
  // One that nobody holds any more makes room first where it is read anew.
  known.delete(name);
  known.set(name, new WeakRef(dictionary));
  for (const oldest of known.keys()) {
    if (known.size <= knownMax) break;
    known.delete(oldest);
  }
  return dictionary;
}
