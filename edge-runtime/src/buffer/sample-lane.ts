import type { Dictionary, SampleColumns } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";
import { columnsIn, type Chunk } from "./group.ts";
import { keyOf } from "./lane-book.ts";
import type { RawTier } from "./raw-tier.ts";
import { bodiesOf, fieldsOf, type Moment, type SampleFields, type Sealer } from "./sealing.ts";
import type { TagTable } from "./tag-table.ts";

/** A sample frame as it was just kept. */
export interface KeptPart {
  readonly columns: SampleColumns;
  readonly dictionary: Dictionary;
  readonly fields: SampleFields;
  readonly body: Uint8Array;
  readonly bodyCrc: number;
  /** Key of its row. */
  readonly id: number;
}

/** Chunks of rows become sample frames. All inside a transaction. */
export class SampleLane {
  readonly #sealer: Sealer;
  readonly #raw: RawTier;
  readonly #tags: TagTable;

  constructor(parts: { readonly sealer: Sealer; readonly raw: RawTier; readonly tags: TagTable }) {
    this.#sealer = parts.sealer;
    this.#raw = parts.raw;
    this.#tags = parts.tags;
  }

  /**
   * @param kept told of each frame, in order
   * @param tooLarge told of each sample that fits into no frame
   * @returns samples kept
   */
  keep(
    { rank, nowUs }: Moment,
    chunk: Chunk,
    kept: (part: KeptPart) => void,
    tooLarge: (loss: Loss) => void,
  ): number {
    const dictionary = this.#tags.current;
    const { tag, measuredUs, value, status } = columnsIn(chunk.buffer);
    const { count } = chunk;
    const columns = {
      count,
      tag: tag.subarray(0, count),
      measuredUs: measuredUs.subarray(0, count),
      value: value.subarray(0, count),
      status: status.subarray(0, count),
      ...(chunk.wide.size === 0 ? {} : { wide: chunk.wide }),
    };
    let samples = 0;
    const bodies = bodiesOf(columns, dictionary, (sample) => {
      const definition = dictionary.byIndex(sample.tag[0] ?? -1);
      const atUs = sample.measuredUs[0] ?? nowUs;
      tooLarge({
        reason: "rejected",
        scope: definition === undefined ? { kind: "gateway" } : { kind: "tag", tag: definition.id },
        fromUs: atUs,
        toUs: atUs,
        count: { kind: "exact", samples: 1 },
      });
    });
    const clock = { segment: chunk.segment, disciplined: chunk.disciplined, offsetUs: 0 };
    for (const { body, columns: part } of bodies) {
      const fields = fieldsOf(part, dictionary, { late: chunk.late, clock }, nowUs);
      const raw = this.#sealer.raw(fields, body);
      const id = keyOf(rank, raw.head.seq);
      this.#raw.put(id, raw);
      kept({ columns: part, dictionary, fields, body, bodyCrc: raw.bodyCrc, id });
      samples += part.count;
    }
    return samples;
  }
}
