import type { Gap } from "./gap.ts";

/** Where holds end because of gaps. Asked in rising order of time. */
export class HoldEnds {
  readonly #gaps: readonly Gap[];
  #next = 0;

  constructor(gaps: readonly Gap[]) {
    this.#gaps = joinedGaps(gaps);
  }

  /** How far a value that begins at `us` may hold: `us` itself within a gap, else the beginning of the next gap. */
  after(us: number): number {
    for (;;) {
      const gap = this.#gaps[this.#next];
      if (gap === undefined) return Infinity;
      if (gap.fromUs > us) return gap.fromUs;
      if (gap.toUs > us) return us;
      this.#next++;
    }
  }
}

/** Sorted, and none touches another. */
function joinedGaps(gaps: readonly Gap[]): Gap[] {
  const sorted = [...gaps].sort((a, b) => a.fromUs - b.fromUs);
  const joined: { fromUs: number; toUs: number }[] = [];
  for (const { fromUs, toUs } of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && fromUs <= last.toUs) last.toUs = Math.max(last.toUs, toUs);
    else joined.push({ fromUs, toUs });
  }
  return joined;
}
