/**
 * One-time codes: who can read the gateway's own terminal may let in somebody who has no PIN yet. A code is kept as a
 * hash, in memory alone, for a quarter of an hour, and ends when it is used. Wrong ones do not end it: whoever types them
 * could keep everybody out.
 */
import { createHash, randomInt, timingSafeEqual } from "node:crypto";

/** The first engineer, or the person whose PIN is to be set. */
export type CodePurpose =
  { readonly kind: "first" } | { readonly kind: "person"; readonly id: string };

/** Crockford's base 32: no letter is taken for a digit or for another letter. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** 50 bits: who tries a thousand in a quarter of an hour finds one of a million million gateways' codes. */
const codeLength = 10;
export const codeValidMs = 15 * 60_000;
/** People who were added today and have not come yet; the oldest code goes. */
const codesMax = 32;

interface Code {
  readonly hash: Buffer;
  readonly purpose: CodePurpose;
  readonly untilMs: number;
}

export class Codes {
  #codes: readonly Code[] = [];

  /** A new one for this purpose; the one before it ends. @param nowMs monotonic */
  make(purpose: CodePurpose, nowMs: number): string {
    const drawn = Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]);
    const code = drawn.join("");
    const others = this.#codes.filter((one) => !isSame(one.purpose, purpose));
    const made = { hash: hashOf(code), purpose, untilMs: nowMs + codeValidMs };
    this.#codes = [...others, made].slice(-codesMax);
    return `${code.slice(0, 5)}-${code.slice(5)}`;
  }

  /** What the code is for; undefined when there is no such code any more. It stays until it is spent. */
  find(typed: string, nowMs: number): CodePurpose | undefined {
    this.#codes = this.#codes.filter((one) => one.untilMs > nowMs);
    const hash = hashOf(plain(typed));
    return this.#codes.find((one) => timingSafeEqual(one.hash, hash))?.purpose;
  }

  /** All codes for this purpose end. */
  spend(purpose: CodePurpose): void {
    this.#codes = this.#codes.filter((one) => !isSame(one.purpose, purpose));
  }
}

/** As people type it: any case, with or without dashes and blanks, O for 0, I and L for 1. */
function plain(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}

function hashOf(code: string): Buffer {
  return createHash("sha256").update(code).digest();
}

function isSame(a: CodePurpose, b: CodePurpose): boolean {
  if (a.kind === "first" || b.kind === "first") return a.kind === b.kind;
  return a.id === b.id;
}
