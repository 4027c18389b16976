import type Database from "better-sqlite3";
import {
  decodeSamples,
  parseFrame,
  type Dictionary,
  type FrameHead,
  type SampleColumns,
  type SampleScratch,
} from "@millwright/wire-contract";

import { bigOf } from "../bytes-64.ts";

/** Sample frames that are not in chunks yet, in the order in which they were kept. */

export interface PendingFrame {
  readonly id: number;
  readonly sealedUs: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly samples: number;
  readonly dictionary: bigint;
  readonly rawHead: Uint8Array;
  readonly body: Uint8Array;
}

/** How much waits. */
export interface Backlog {
  readonly frames: number;
  readonly samples: number;
  readonly oldestUs: number;
  readonly newestUs: number;
}

interface Row {
  readonly id: number;
  readonly sealed_us: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly samples: number;
  readonly dictionary: Buffer;
  readonly raw_head: Uint8Array;
  readonly body: Uint8Array;
}

export class PendingFrames {
  readonly #after;
  readonly #backlog;

  constructor(db: Database.Database) {
    this.#after = db.prepare<[number, number], Row>(
      `select id, sealed_us, first_us, last_us, samples, dictionary, raw_head, body from sample_frame
       where id > ? order by id limit ?`,
    );
    this.#backlog = db.prepare<
      [number],
      { frames: number; samples: number | null; oldest: number | null; newest: number | null }
    >(
      `select count(*) as frames, sum(samples) as samples, min(sealed_us) as oldest, max(sealed_us) as newest
       from sample_frame where id > ?`,
    );
  }

  /** The frames behind `id`: at most `framesMax`, and no more of them than hold `samplesMax`, the last one whole. */
  after(id: number, framesMax: number, samplesMax: number): PendingFrame[] {
    const frames: PendingFrame[] = [];
    let samples = 0;
    // Row by row: bodies that no slice comes to are not read.
    for (const row of this.#after.iterate(id, framesMax)) {
      frames.push(pendingFrame(row));
      samples += row.samples;
      if (samples >= samplesMax) break;
    }
    return frames;
  }

  backlog(afterId: number): Backlog {
    const row = this.#backlog.get(afterId);
    return {
      frames: row?.frames ?? 0,
      samples: row?.samples ?? 0,
      oldestUs: row?.oldest ?? Infinity,
      newestUs: row?.newest ?? -Infinity,
    };
  }
}

function pendingFrame(row: Row): PendingFrame {
  return {
    id: row.id,
    sealedUs: row.sealed_us,
    firstUs: row.first_us,
    lastUs: row.last_us,
    samples: row.samples,
    dictionary: bigOf(row.dictionary),
    rawHead: row.raw_head,
    body: row.body,
  };
}

/** What a frame holds, until `scratch` is used again; undefined when it cannot be read. */
export function openFrame(
  { rawHead, body }: Pick<PendingFrame, "rawHead" | "body">,
  dictionary: Dictionary,
  scratch: SampleScratch,
): { readonly head: FrameHead; readonly columns: SampleColumns } | undefined {
  const parsed = parseFrame(Buffer.concat([rawHead, body]));
  if (parsed.kind !== "frame") return undefined;
  const columns = decodeSamples(parsed.body, dictionary, scratch);
  return "kind" in columns ? undefined : { head: parsed.head, columns };
}
