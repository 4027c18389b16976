/**
 * The reported half of one gateway's twin, in memory: the current value of each tag. The order is that of acquisition -
 * epoch, place on the raw lane, row - and never that of source times, because a device whose clock is set back would
 * freeze its value (no-loss protocol 9). Late samples never set it.
 */
import { takeProofs, ValueTable } from "@millwright/live-feed";
import type { Beat, Dictionary, SampleColumns } from "@millwright/wire-contract";

import type { StoredFrame } from "../hand-over.ts";

export class ReportedTwin {
  readonly table = new ValueTable([]);
  #rank = new Int32Array(0);
  #raw = new Float64Array(0);
  #row = new Int32Array(0);

  /** The tags as the gateway declares them now; values of those that stay are kept. */
  know(dictionary: Dictionary): void {
    this.table.know(dictionary.book);
    const size = (dictionary.book.indices.at(-1) ?? -1) + 1;
    if (size <= this.#rank.length) return;
    // Before everything: the first value that comes is later than nothing.
    const rank = new Int32Array(size).fill(-(2 ** 31));
    rank.set(this.#rank);
    const raw = new Float64Array(size).fill(-1);
    raw.set(this.#raw);
    const row = new Int32Array(size).fill(-1);
    row.set(this.#row);
    [this.#rank, this.#raw, this.#row] = [rank, raw, row];
  }

  /** Takes what is newer than what is there. Frames may come in any order and more than once. */
  apply(frame: StoredFrame, samples: SampleColumns): void {
    const { head, epochRank } = frame;
    if (head.late) return;
    // Which they are is collected only while somebody looks: there may be millions a second.
    const changed = this.table.watched ? new Set<number>() : undefined;
    for (let row = 0; row < samples.count; row++) {
      const tag = samples.tag[row] ?? -1;
      if (!this.#isLater(tag, epochRank, head.rawTo, row)) continue;
      this.#rank[tag] = epochRank;
      this.#raw[tag] = head.rawTo;
      this.#row[tag] = row;
      this.table.set(
        tag,
        samples.value[row] ?? NaN,
        samples.wide?.get(row),
        samples.status[row] ?? 0,
        samples.measuredUs[row] ?? NaN,
        // No sample of a frame was received after it was sealed, and none more than a commit interval before.
        head.sealedUs,
      );
      changed?.add(tag);
    }
    if (changed !== undefined) this.table.tell(changed);
  }

  /** What a beat proves: devices whose values all still hold, and values that were not told because they hold. */
  confirm(beat: Beat): void {
    for (const device of beat.devices) {
      if (device.confirmedUs > 0) this.table.confirm(device.device, device.confirmedUs);
    }
    takeProofs(this.table, beat);
  }

  #isLater(tag: number, rank: number, raw: number, row: number): boolean {
    const knownRank = this.#rank[tag];
    if (knownRank === undefined) return false;
    if (rank !== knownRank) return rank > knownRank;
    const knownRaw = this.#raw[tag] ?? -1;
    if (raw !== knownRaw) return raw > knownRaw;
    return row > (this.#row[tag] ?? -1);
  }
}
