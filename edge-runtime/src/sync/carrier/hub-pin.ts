/**
 * The hub's key as a person has accepted it. Marks let the gateway delete, so marks from a stick need more than a chain
 * that fits: whoever holds the stick has seen the chain.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";

import { fingerprintOf, isFingerprintOf, isPublicKey, type PublicKey } from "@millwright/carrier";
import type { Refused } from "@millwright/kit";

export class HubPin {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** The accepted key; undefined before a person accepted one. */
  get key(): PublicKey | undefined {
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(this.#file, "utf8"));
    } catch {
      // Not there, or not whole: then a person is asked again, which costs a line and never a sample.
      return undefined;
    }
    if (typeof json !== "object" || json === null || !("publicKey" in json)) return undefined;
    const { publicKey } = json;
    return typeof publicKey === "string" && isPublicKey(publicKey) ? publicKey : undefined;
  }

  /**
   * Whether marks that were signed with this key may be taken.
   *
   * @param accept the fingerprint that a person typed; it pins the key
   * @returns why not, in words; undefined when they may
   */
  judge(publicKey: PublicKey, accept: string | undefined): Refused | undefined {
    const pinned = this.key;
    if (publicKey === pinned) return undefined;
    const shown = fingerprintOf(publicKey);
    if (accept !== undefined) {
      if (isFingerprintOf(accept, publicKey)) {
        this.#pin(publicKey);
        return undefined;
      }
      return refused(`the marks are signed with the key ${shown}, not with ${accept}`);
    }
    const was =
      pinned === undefined
        ? "this gateway has not met this hub's key yet"
        : `the hub's key is not the one that was accepted before (${fingerprintOf(pinned)})`;
    return refused(
      `${was}. Compare ${shown} with what "key" says at the hub; when they are the same, run this again with --accept ${shown}`,
    );
  }

  #pin(publicKey: PublicKey): void {
    const part = `${this.#file}.part`;
    rmSync(part, { force: true });
    const handle = openSync(part, "wx", 0o600);
    try {
      writeSync(handle, `${JSON.stringify({ publicKey })}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(part, this.#file);
  }
}

function refused(reason: string): Refused {
  return { kind: "refused", reason };
}
