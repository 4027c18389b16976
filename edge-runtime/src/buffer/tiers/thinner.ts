import { decodeHourHead, widths } from "@millwright/aggregates";
import type { DeviceId, SampleColumns, TagDefinition } from "@millwright/wire-contract";

import type { Loss } from "../../hand-over.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import { groupOfChunk, type ChunkRow, type ChunkTable } from "./chunk-table.ts";
import { groupOfRow, placeOfRow } from "./groups.ts";
import type { RollupTable } from "./rollup-table.ts";

/**
 * Takes out what was kept longest. Samples of an hour go only when its buckets have been made: history is thinned, and
 * not dropped. All inside a transaction.
 */

/** Rows in one slice: each is decoded to say whose samples went. */
const rowsPerSlice = 4;

export interface ThinnerParts {
  readonly chunks: ChunkTable;
  readonly rollups: RollupTable;
  readonly reader: ChunkReader;
  readonly tagAt: (index: number) => TagDefinition | undefined;
  readonly claim: (loss: Loss) => void;
}

export class Thinner {
  readonly #parts: ThinnerParts;

  constructor(parts: ThinnerParts) {
    this.#parts = parts;
  }

  /**
   * Room is needed: the oldest chunks go, and the ledger says so.
   *
   * @param toId chunks of frames above are not finished
   * @param belowHour hours before this one have their buckets, unless they are marked
   * @returns whether something went
   */
  thin(telemetry: boolean, toId: number, belowHour: number): boolean {
    const rows = this.#parts.chunks
      .oldest(telemetry, toId, rowsPerSlice)
      .filter((row) => this.#isRolled(row, belowHour));
    for (const row of rows) {
      this.#tellThinned(row);
      this.#remove(row);
    }
    return rows.length > 0;
  }

  /**
   * Chunks are older than is asked for. Nothing is told: the hub has what it was to have, and this is how it was set.
   *
   * @returns key of the last sample frame of what went; undefined when nothing did
   */
  retire(sealedBeforeUs: number, toId: number, belowHour: number): number | undefined {
    const { chunks } = this.#parts;
    const rows = [
      ...chunks.oldest(true, toId, rowsPerSlice),
      ...chunks.oldest(false, toId, rowsPerSlice),
    ].filter((row) => row.sealedUs < sealedBeforeUs && this.#isRolled(row, belowHour));
    for (const row of rows) this.#remove(row);
    return rows.length > 0 ? Math.max(...rows.map((row) => row.toId)) : undefined;
  }

  /** Nothing else is left: the oldest buckets go. */
  evict(): boolean {
    const { rollups, claim } = this.#parts;
    const ids = rollups.oldest(rowsPerSlice);
    for (const id of ids) {
      const hour = placeOfRow(id);
      let samples = 0;
      for (const bytes of rollups.at(groupOfRow(id), hour)?.heads.values() ?? []) {
        const head = decodeHourHead(bytes);
        if (!("kind" in head)) samples += head.hour.samples[0] ?? 0;
      }
      if (samples > 0) {
        const fromUs = hour * widths.hour;
        const count = { kind: "exact", samples } as const;
        const range = { fromUs, toUs: fromUs + widths.hour };
        claim({ reason: "evicted", scope: { kind: "gateway" }, ...range, count });
      }
      rollups.remove(id);
    }
    return ids.length > 0;
  }

  #isRolled(row: ChunkRow, belowHour: number): boolean {
    const { rollups } = this.#parts;
    const group = groupOfChunk(row);
    const [from, to] = hoursOf(row);
    // Times of a wild clock lie in hours that have no buckets and never will.
    if (to - from > 48) return true;
    for (let hour = from; hour <= to; hour++) {
      if (hour >= belowHour || rollups.isMarked(group, hour)) return false;
    }
    return true;
  }

  #remove(row: ChunkRow): void {
    const { chunks, rollups, reader } = this.#parts;
    const [from, to] = hoursOf(row);
    if (from >= 0 && to < belowEver) rollups.setThinned(groupOfChunk(row), from, to);
    chunks.remove(row.id);
    reader.forget();
  }

  #tellThinned(row: ChunkRow): void {
    const { reader, claim } = this.#parts;
    const columns = reader.open(row);
    if (columns === undefined) {
      const count = { kind: "exact", samples: row.samples } as const;
      claim({
        reason: "thinned",
        scope: { kind: "gateway" },
        fromUs: row.firstUs,
        toUs: row.lastUs,
        count,
      });
      return;
    }
    for (const [device, lost] of this.#byDevice(columns)) {
      const { samples, fromUs, toUs } = lost;
      const count = { kind: "exact", samples } as const;
      claim({ reason: "thinned", scope: { kind: "device", device }, fromUs, toUs, count });
    }
  }

  #byDevice({ count, tag, measuredUs }: SampleColumns): Map<DeviceId, Lost> {
    const devices = new Map<DeviceId, Lost>();
    let index = -1;
    let lost: Lost | undefined;
    for (let row = 0; row < count; row++) {
      if (tag[row] !== index) {
        index = tag[row] ?? -1;
        const device = this.#parts.tagAt(index)?.device;
        if (device === undefined) continue;
        lost = devices.get(device) ?? { samples: 0, fromUs: Infinity, toUs: -Infinity };
        devices.set(device, lost);
      }
      if (lost === undefined) continue;
      const us = measuredUs[row] ?? NaN;
      lost.samples++;
      if (us < lost.fromUs) lost.fromUs = us;
      if (us > lost.toUs) lost.toUs = us;
    }
    return devices;
  }
}

interface Lost {
  samples: number;
  fromUs: number;
  toUs: number;
}

/** Hours that have rows. */
const belowEver = 2 ** 22;

function hoursOf({ firstUs, lastUs }: ChunkRow): readonly [number, number] {
  return [Math.floor(firstUs / widths.hour), Math.floor(lastUs / widths.hour)];
}
