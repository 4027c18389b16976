/**
 * Remembers for a while what had been told when: a primary host that dies is missed only after its keep-alive, and what
 * was told in between nobody heard.
 */
import type { Told } from "./delivery.ts";

interface Note extends Told {
  readonly atMs: number;
}

/** Notes lie so far apart, so that ten minutes are 600 of them. */
const noteEveryMs = 1_000;

export class Replay {
  readonly #keepMs: number;
  #notes: Note[] = [];

  /** @param keepMs 0: nothing is remembered */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** The oldest place that may be asked for. */
  get from(): number | undefined {
    return this.#notes[0]?.toId;
  }

  note(
    { deliveredTo, delivered }: { deliveredTo: number; delivered: number },
    nowMs: number,
  ): void {
    if (this.#keepMs === 0 || nowMs - (this.#notes.at(-1)?.atMs ?? -Infinity) < noteEveryMs) return;
    this.#notes.push({ toId: deliveredTo, delivered, atMs: nowMs });
    // The newest of those that are old enough stays.
    while ((this.#notes[1]?.atMs ?? Infinity) <= nowMs - this.#keepMs) this.#notes.shift();
  }

  /** What had surely been heard; undefined when nothing is remembered. What came after is forgotten. */
  back(nowMs: number): Told | undefined {
    const told = this.#notes.findLast(({ atMs }) => atMs <= nowMs - this.#keepMs) ?? this.#notes[0];
    this.#notes = [];
    return told;
  }
}
