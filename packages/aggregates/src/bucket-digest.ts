import { createHash } from "node:crypto";

import type { Scalar } from "@millwright/wire-contract";

import type { Buckets, ExactBucket } from "./buckets.ts";

/**
 * One hash for the buckets of a tag and a range as they are told: SHA-256 over what a told bucket says (docs/wire-format.md,
 * 5), in order of time, the same on the side that told them and on the one that keeps them. Times in states and those of the
 * first and the last sample are not told, and not in it.
 */
export class BucketDigest {
  readonly #hash = createHash("sha256");
  #count = 0;

  /** Buckets so far. */
  get count(): number {
    return this.#count;
  }

  /** Buckets that lie behind all handed in before. @param toUs excluded */
  add(buckets: Buckets, fromUs: number, toUs: number): void {
    for (let row = 0; row < buckets.count; row++) {
      const us = buckets.startUs[row] ?? NaN;
      if (us < fromUs || us >= toUs) continue;
      this.#count++;
      const numbers = new DataView(new ArrayBuffer(names.length * 8));
      for (const [at, name] of names.entries()) {
        numbers.setFloat64(at * 8, canonical(buckets[name][row] ?? 0), true);
      }
      this.#hash.update(new Uint8Array(numbers.buffer));
      const exact = buckets.exact?.get(row);
      if (exact !== undefined) this.#hash.update(exactText(exact));
    }
  }

  /** 64 hexadecimal digits. Ends the digest. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}

/** What is told, each as a little-endian double. */
const names = [
  "startUs",
  "samples",
  "good",
  "goodUs",
  "worst",
  "min",
  "max",
  "first",
  "last",
  "sum",
  "sumSquares",
  "integral",
  "delta",
  "rollOvers",
  "resets",
  "changes",
] as const;

/** There are many bit patterns that are not a number and two zeros, and only one meaning of each. */
function canonical(number: number): number {
  if (Number.isNaN(number)) return NaN;
  return number === 0 ? 0 : number;
}

/** The length goes ahead, so that no two exact values can be read as two others. */
function exactText({ first, last, min, max, delta }: ExactBucket): string {
  const said = JSON.stringify([first, last, min, max, delta].map(scalarText));
  return `${said.length}:${said}`;
}

function scalarText(value: Scalar | undefined): string {
  if (value === undefined) return "";
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString("hex")}`;
  return `${typeof value === "string" ? "s" : "n"}${String(value)}`;
}
