/**
 * One Parquet file out of several of one schema, which need not lie anywhere as a whole: each gives its row groups as soon
 * as it is written, and the footer comes last.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";

import {
  moveGroup,
  parquetMagic,
  readFooter,
  sealFooter,
  writeFooter,
  type ParquetFooter,
} from "./parquet-footer.ts";

/** Bytes of a file, `end` excluded. */
export interface FileRange {
  readonly from: number;
  readonly end: number;
}

export class JoinedParquet {
  readonly #groups: Uint8Array[] = [];
  #first: ParquetFooter | undefined;
  #rows = 0;
  #bytes = 0;

  get rows(): number {
    return this.#rows;
  }

  /** Answers what of the file at `path` comes next in the joined one. */
  add(path: string): FileRange {
    const { footer, begin } = footerOf(path);
    // The sign at the begin stands once.
    const from = this.#first === undefined ? 0 : parquetMagic.length;
    this.#first ??= footer;
    if (Buffer.compare(footer.schema, this.#first.schema) !== 0)
      throw new Error("files of two schemas cannot become one");
    for (const group of footer.groups) this.#groups.push(moveGroup(group, this.#bytes - from));
    this.#rows += footer.rows;
    this.#bytes += begin - from;
    return { from, end: begin };
  }

  /** The end of the joined file; at least one was added. */
  finish(): Uint8Array {
    if (this.#first === undefined) throw new Error("no file was added");
    const { fields } = this.#first;
    return sealFooter(writeFooter({ fields, rows: this.#rows, groups: this.#groups }));
  }
}

function footerOf(path: string): { readonly footer: ParquetFooter; readonly begin: number } {
  const { size } = statSync(path);
  const file = openSync(path, "r");
  try {
    const tail = readAt(file, size - 8, 8);
    const begin = size - 8 - tail.readUInt32LE();
    return { footer: readFooter(readAt(file, begin, size - 8 - begin)), begin };
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, from: number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  if (readSync(file, bytes, 0, count, from) !== count)
    throw new Error("a Parquet file ends before its footer");
  return bytes;
}
