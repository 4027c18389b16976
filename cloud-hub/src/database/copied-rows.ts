/**
 * Rows of a query in PostgreSQL's binary COPY format (PostgreSQL, "COPY", file formats, binary). As text, each byte of a
 * column of bytes comes as two digits: writing and reading those was a third of the time of handing frames over.
 */
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";

import { copyHead } from "./copy-rows.ts";

/** @param client a connection, and no pool: what is read belongs to its transaction */
export async function copyOut(client: pg.ClientBase, select: string): Promise<CopiedRows> {
  const pieces: Buffer[] = [];
  const stream = client.query(copyTo(`copy (${select}) to stdout (format binary)`));
  for await (const piece of stream) pieces.push(piece as Buffer);
  return new CopiedRows(Buffer.concat(pieces));
}

/** Row after row, and in each of them column after column, in the order of the query. */
export class CopiedRows {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer) {
    if (bytes.compare(copyHead, 0, copyHead.length, 0, copyHead.length) !== 0)
      throw new Error("PostgreSQL answers COPY in a format that is not known here");
    this.#bytes = bytes;
    this.#at = copyHead.length;
  }

  /** @returns false behind the last row */
  next(): boolean {
    const columns = this.#bytes.readInt16BE(this.#at);
    this.#at += 2;
    return columns >= 0;
  }

  smallint(): number | undefined {
    const at = this.#column();
    return at === undefined ? undefined : this.#bytes.readInt16BE(at);
  }

  integer(): number | undefined {
    const at = this.#column();
    return at === undefined ? undefined : this.#bytes.readInt32BE(at);
  }

  /** Exact up to 2^53. */
  bigint(): number | undefined {
    const at = this.#column();
    if (at === undefined) return undefined;
    return this.#bytes.readInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4);
  }

  /** Not copied. */
  bytes(): Uint8Array | undefined {
    const at = this.#column();
    return at === undefined ? undefined : this.#bytes.subarray(at, this.#at);
  }

  /** @returns where its bytes begin; undefined for null */
  #column(): number | undefined {
    const size = this.#bytes.readInt32BE(this.#at);
    const from = this.#at + 4;
    this.#at = from + Math.max(0, size);
    return size < 0 ? undefined : from;
  }
}
