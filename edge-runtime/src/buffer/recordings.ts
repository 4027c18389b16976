import type { ToldRows } from "@millwright/telling";

import type { Gathering, Hearing } from "./gathering.ts";
import type { KeptPart } from "./sample-lane.ts";
import type { Moment } from "./sealing.ts";

/** Tags that are told in full by order, beside what their rules say: by the history lane, which has time. */
export class Recordings {
  readonly #gathering: Gathering;
  #tags: ReadonlySet<number> = new Set();
  /** A recording has ended: nobody comes to fill its frame. */
  #over = false;

  constructor(gathering: Gathering) {
    this.#gathering = gathering;
  }

  get tags(): ReadonlySet<number> {
    return this.#tags;
  }

  /** From here on. */
  change(tags: ReadonlySet<number>): void {
    this.#tags = tags;
    this.#over = true;
  }

  /** @returns samples that are told */
  tell({ columns, fields }: KeptPart, hearing: Hearing, nowMs: number): number {
    if (this.#tags.size === 0) return 0;
    const { count, tag, measuredUs, value, status, wide } = columns;
    const recording = this.#gathering.of(hearing, "history", nowMs);
    recording.rawTo = hearing.rawTo;
    recording.fromUs = Math.min(recording.fromUs, fields.firstUs);
    const before = recording.rows.count;
    for (let row = 0; row < count; row++) {
      const index = tag[row] ?? -1;
      if (!this.#tags.has(index)) continue;
      const us = measuredUs[row] ?? NaN;
      recording.rows.push(index, us, value[row] ?? NaN, status[row] ?? 0, wide?.get(row));
    }
    return recording.rows.count - before;
  }

  /** How many of these rows, from this one on, are of other tags: what is recorded is counted where it is recorded. */
  countBeside(rows: ToldRows, from: number): number {
    if (this.#tags.size === 0) return rows.count - from;
    const { tag } = rows.columns();
    let count = 0;
    for (let row = from; row < rows.count; row++) if (!this.#tags.has(tag[row] ?? -1)) count++;
    return count;
  }

  /** Seals what is due. Inside a transaction. @param asked all of it is */
  seal(at: Moment, nowMs: number, asked: boolean): void {
    this.#gathering.seal(at, asked || this.#over || this.#gathering.dueInMs(nowMs) === 0);
  }

  /** Least time of what is not in a told frame yet, µs; Infinity when there is nothing. */
  get untoldFromUs(): number {
    return this.#gathering.fromUs;
  }

  /** The transaction was kept. */
  kept(): void {
    this.#gathering.kept();
    if (this.#gathering.open === undefined) this.#over = false;
  }

  /** The transaction was taken back. */
  takenBack(): void {
    this.#gathering.takenBack();
  }
}
