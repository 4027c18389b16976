/** An export as the hub sends it: bytes of one Parquet file after the other, while the lake's process makes the rest. */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";

import type { Refused } from "@millwright/kit";

import type { ExportPiece } from "./export-samples.ts";

export interface RefusedExport extends Refused {
  readonly why: "busy" | "no-room";
}

export interface PieceSource {
  /** Undefined behind the last. Makes the next one; asked again only when it has answered. */
  next(): Promise<ExportPiece | undefined>;
  /** Lets go of all of it, also of what is being made. */
  close(): Promise<void>;
}

export class LakeExport {
  readonly kind = "export";
  readonly #source: PieceSource;
  readonly #chunks: AsyncGenerator<Buffer, undefined>;
  #coming: Promise<ExportPiece | undefined> | undefined;
  #closing: Promise<void> | undefined;

  constructor(source: PieceSource) {
    this.#source = source;
    this.#chunks = this.#read();
  }

  /** Waits for the first piece: until then a failure can be said in words. */
  async begin(): Promise<void> {
    await (this.#coming ??= this.#ask());
  }

  /** Undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    return (await this.#chunks.next()).value;
  }

  /** Also before its end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#source.close());
  }

  /** One piece is made while the one before it is sent: no more of them lie anywhere. */
  async *#read(): AsyncGenerator<Buffer, undefined> {
    for (;;) {
      const piece = await (this.#coming ??= this.#ask());
      if (piece === undefined) return undefined;
      this.#coming = this.#ask();
      const { path, from, end } = piece;
      for await (const bytes of createReadStream(path, { start: from, end: end - 1 }))
        yield bytes as Buffer;
      await rm(path, { force: true });
    }
  }

  #ask(): Promise<ExportPiece | undefined> {
    const asked = this.#source.next();
    // Whoever waits for it hears of it; nobody may.
    asked.catch(() => undefined);
    return asked;
  }
}
