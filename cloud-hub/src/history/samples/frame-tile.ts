/**
 * Some frames of the same tags, one after the other, as they are polled: held side by side until there are enough of them
 * to hand each tag several rows at once. A row for itself goes to another place than the one before, which is further than
 * the nearest cache reaches.
 */
import type { SampleColumns } from "@millwright/wire-contract";

/** As many as the blocks have rows into which they are handed. */
export const tileFrames = 16;
/** Frames of more have rows of each tag far apart in the tile as well, and would leave the cache that it lies in. */
const rowsMax = 2_048;

export class FrameTile {
  /** Of each frame in it. */
  count = 0;
  frames = 0;
  tag = new Int32Array(0);
  groups: Int32Array = new Int32Array(0);
  /** Frame after frame. */
  measuredUs = new Float64Array(0);
  value = new Float64Array(0);
  status = new Uint32Array(0);
  /** By frame: its number, and what stands in for the time of a sample that has none. */
  readonly numbers = new Uint32Array(tileFrames);
  readonly sealedUs = new Float64Array(tileFrames);

  get isFull(): boolean {
    return this.frames === tileFrames;
  }

  clear(): void {
    this.frames = 0;
  }

  /** @returns whether the frame could begin it: rows of one tag would come in another order than that of their frames */
  begin(samples: SampleColumns, groups: Int32Array, frame: number, sealedUs: number): boolean {
    const { count, tag, wide } = samples;
    if (count === 0 || count > rowsMax || wide !== undefined) return false;
    for (let row = 1; row < count; row++) if ((tag[row] ?? 0) <= (tag[row - 1] ?? 0)) return false;
    if (this.tag.length < count) {
      this.tag = new Int32Array(count);
      this.measuredUs = new Float64Array(count * tileFrames);
      this.value = new Float64Array(count * tileFrames);
      this.status = new Uint32Array(count * tileFrames);
    }
    this.count = count;
    this.groups = groups;
    this.tag.set(tag);
    this.#put(samples, frame, sealedUs);
    return true;
  }

  /** @returns whether it has the tags of those that are in it */
  add(samples: SampleColumns, groups: Int32Array, frame: number, sealedUs: number): boolean {
    const { count, tag, wide } = samples;
    if (this.frames === 0 || count !== this.count || wide !== undefined) return false;
    if (groups !== this.groups) return false;
    const known = this.tag;
    for (let row = 0; row < count; row++) if (tag[row] !== known[row]) return false;
    this.#put(samples, frame, sealedUs);
    return true;
  }

  #put({ measuredUs, value, status }: SampleColumns, frame: number, sealedUs: number): void {
    const at = this.frames * this.count;
    this.measuredUs.set(measuredUs, at);
    this.value.set(value, at);
    this.status.set(status, at);
    this.numbers[this.frames] = frame;
    this.sealedUs[this.frames] = sealedUs;
    this.frames++;
  }
}
