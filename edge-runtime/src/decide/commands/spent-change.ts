/** How much of a tag's allowed change per minute is spent. */
import type { SavedState } from "../../hand-over.ts";

const windowMs = 60_000;
/** A grant with a rate is written by people and rules, not in a loop; beyond this the oldest are summed into one. */
const entriesMax = 64;

interface Spent {
  readonly atMs: number;
  readonly amount: number;
}

export class SpentChange {
  readonly #spent = new Map<string, Spent[]>();

  /** @param nowMs monotonic */
  within(tag: string, nowMs: number): number {
    return this.#recent(tag, nowMs).reduce((sum, { amount }) => sum + amount, 0);
  }

  add(tag: string, amount: number, nowMs: number): void {
    if (amount === 0) return;
    const recent = this.#recent(tag, nowMs);
    if (recent.length >= entriesMax) {
      const [first, second] = recent.splice(0, 2);
      // At the later time: nothing is allowed sooner than it would be.
      recent.unshift({
        atMs: second?.atMs ?? nowMs,
        amount: (first?.amount ?? 0) + (second?.amount ?? 0),
      });
    }
    recent.push({ atMs: nowMs, amount });
    this.#spent.set(tag, recent);
  }

  /** What a restart must not forget: sums by tag. */
  saved(nowMs: number): { readonly spent: Readonly<Record<string, number>> } {
    const spent: Record<string, number> = {};
    for (const tag of this.#spent.keys()) {
      const sum = this.within(tag, nowMs);
      if (sum > 0) spent[tag] = sum;
    }
    return { spent };
  }

  /** How long ago it was spent is not known after a restart: it counts as spent now. */
  restore(saved: SavedState | undefined, nowMs: number): void {
    if (typeof saved !== "object" || saved === null || !("spent" in saved)) return;
    const { spent } = saved;
    if (typeof spent !== "object" || spent === null) return;
    for (const [tag, amount] of Object.entries(spent)) {
      if (typeof amount === "number") this.add(tag, amount, nowMs);
    }
  }

  #recent(tag: string, nowMs: number): Spent[] {
    return (this.#spent.get(tag) ?? []).filter(({ atMs }) => nowMs - atMs < windowMs);
  }
}
