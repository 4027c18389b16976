import type { Dictionary, SampleColumns, Scalar } from "@millwright/wire-contract";

import { groupOf, type GroupKey } from "./groups.ts";

/**
 * Samples of many frames, sorted by tag: counted first, then put in their places, so that nothing grows and nothing is
 * sorted twice. Rows of one tag stay in the order in which they were received.
 */

/** How many samples of each tag, late ones apart: a chunk says of all its samples whether they were late. */
export class TagCounts {
  readonly #counts = { late: new Map<number, number>(), timely: new Map<number, number>() };
  #samples = 0;

  get samples(): number {
    return this.#samples;
  }

  add({ count, tag }: SampleColumns, late: boolean): void {
    const counts = late ? this.#counts.late : this.#counts.timely;
    for (let row = 0; row < count;) {
      const index = tag[row] ?? 0;
      let end = row + 1;
      // Frames come sorted by tag.
      while (end < count && tag[end] === index) end++;
      counts.set(index, (counts.get(index) ?? 0) + end - row);
      row = end;
    }
    this.#samples += count;
  }

  /**
   * What is gathered at a time: whole groups, in their order, until `samplesMax` is passed; a group that is larger alone
   * is a pass of its own.
   */
  passes(dictionary: Dictionary, samplesMax: number): Pass[] {
    const passes: Pass[] = [];
    for (const late of [false, true]) {
      const byGroup = new Map<GroupKey, [number, number][]>();
      for (const [tag, count] of late ? this.#counts.late : this.#counts.timely) {
        const definition = dictionary.byIndex(tag);
        if (definition === undefined) continue;
        const group = groupOf(definition);
        const tags = byGroup.get(group);
        if (tags === undefined) byGroup.set(group, [[tag, count]]);
        else tags.push([tag, count]);
      }
      let open: { late: boolean; samples: number; groups: PassGroup[] } | undefined;
      for (const [group, tags] of [...byGroup].sort(([a], [b]) => a - b)) {
        const samples = tags.reduce((sum, [, count]) => sum + count, 0);
        if (open === undefined || open.samples + samples > samplesMax) {
          open = { late, samples: 0, groups: [] };
          passes.push(open);
        }
        open.samples += samples;
        open.groups.push({ group, tags: tags.sort(([a], [b]) => a - b) });
      }
    }
    return passes;
  }
}

export interface PassGroup {
  readonly group: GroupKey;
  /** Index and count, by index. */
  readonly tags: readonly (readonly [number, number])[];
}

export interface Pass {
  readonly late: boolean;
  readonly samples: number;
  readonly groups: readonly PassGroup[];
}

/** Columns of one pass while they are being filled. */
export class Gathering {
  readonly #columns: Omit<SampleColumns, "count" | "wide">;
  readonly #wide = new Map<number, Scalar>();
  /** Where the next sample of a tag goes. */
  readonly #next = new Map<number, number>();
  readonly #ranges = new Map<GroupKey, readonly [number, number]>();

  /** @param before a pass that is over: its columns are filled again */
  constructor(pass: Pass, before?: Gathering) {
    const { samples } = pass;
    const there = before === undefined ? undefined : before.#columns;
    this.#columns =
      there !== undefined && there.tag.length >= samples
        ? there
        : {
            tag: new Int32Array(samples),
            measuredUs: new Float64Array(samples),
            value: new Float64Array(samples),
            status: new Uint32Array(samples),
          };
    let at = 0;
    for (const { group, tags } of pass.groups) {
      const from = at;
      for (const [tag, count] of tags) {
        this.#next.set(tag, at);
        at += count;
      }
      this.#ranges.set(group, [from, at]);
    }
  }

  add({ count, tag, measuredUs, value, status, wide }: SampleColumns): void {
    const to = this.#columns;
    for (let row = 0; row < count;) {
      const index = tag[row] ?? 0;
      let end = row + 1;
      while (end < count && tag[end] === index) end++;
      const at = this.#next.get(index);
      if (at !== undefined) {
        // In a frame of thousands of tags a run is one or two samples long: views of it would cost more than they carry.
        for (let from = row, into = at; from < end; from++, into++) {
          to.tag[into] = index;
          to.measuredUs[into] = measuredUs[from] ?? NaN;
          to.value[into] = value[from] ?? NaN;
          to.status[into] = status[from] ?? 0;
        }
        if (wide !== undefined) this.#addWide(wide, row, end, at);
        this.#next.set(index, at + end - row);
      }
      row = end;
    }
  }

  /** The samples of a group in pieces of at most `samplesMax`, sorted by tag. */
  *piecesOf(group: GroupKey, samplesMax: number): Iterable<SampleColumns> {
    const [from, to] = this.#ranges.get(group) ?? [0, 0];
    for (let at = from; at < to; at += samplesMax)
      yield this.#piece(at, Math.min(to, at + samplesMax));
  }

  #addWide(wide: ReadonlyMap<number, Scalar>, row: number, end: number, at: number): void {
    for (let one = row; one < end; one++) {
      const scalar = wide.get(one);
      if (scalar !== undefined) this.#wide.set(at + one - row, scalar);
    }
  }

  #piece(from: number, to: number): SampleColumns {
    const { tag, measuredUs, value, status } = this.#columns;
    const wide = new Map<number, Scalar>();
    if (this.#wide.size > 0) {
      for (let row = from; row < to; row++) {
        const scalar = this.#wide.get(row);
        if (scalar !== undefined) wide.set(row - from, scalar);
      }
    }
    return {
      count: to - from,
      tag: tag.subarray(from, to),
      measuredUs: measuredUs.subarray(from, to),
      value: value.subarray(from, to),
      status: status.subarray(from, to),
      ...(wide.size === 0 ? {} : { wide }),
    };
  }
}
