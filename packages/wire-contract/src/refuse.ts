import type { Refused } from "@millwright/kit";
import { Malformed } from "./bytes.ts";

/**
 * The border where bytes from outside become values. Nothing that bytes can cause leaves as an exception: one poisoned
 * frame would otherwise stop the reader again and again, and its lane with it (no-loss protocol, N6). What was not
 * foreseen is marked as a defect; the fuzz test wants none of these.
 */
export function refuseMalformed<T>(what: string, decode: () => T): T | Refused {
  try {
    return decode();
  } catch (failure) {
    return { kind: "refused", reason: reasonOf(what, failure) };
  }
}

export function reasonOf(what: string, failure: unknown): string {
  const message = failure instanceof Error ? failure.message : String(failure);
  return failure instanceof Malformed
    ? `${what} cannot be read: ${message}`
    : `${what} cannot be read, defect of the decoder: ${message}`;
}
