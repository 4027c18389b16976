/** Persistence, hysteresis and budget of one bundle on one asset, as its manifest has them. Pure. */
import { AlarmBudget } from "@millwright/detection";
import type { BundleLimits } from "@millwright/model-bundle";

/** What stands below an episode's begin however high one score was. */
const belowOne = 0.99;

export class ScoreGate {
  readonly #limits: BundleLimits;
  /** The last n: over the limit or not. */
  readonly #over: Uint8Array;
  /** Beyond the episodes a day that were promised, the next must be clearer. By the time of the windows. */
  readonly #budget: AlarmBudget;
  #at = 0;
  #count = 0;
  #on = false;

  constructor(limits: BundleLimits) {
    this.#limits = limits;
    this.#over = new Uint8Array(limits.persistence.n);
    this.#budget = new AlarmBudget(limits.budgetPerDay);
  }

  /** It holds that the asset is not normal. */
  get on(): boolean {
    return this.#on;
  }

  /**
   * @param endUs of the window
   * @returns the score over its limit: 1 and above exactly while the gate is on
   */
  judge(endUs: number, score: number): number {
    const { off, persistence } = this.#limits;
    const wasOn = this.#on;
    const on = this.#limits.on * (wasOn ? 1 : this.#budget.gain(endUs));
    const over = score >= on ? 1 : 0;
    this.#count += over - (this.#over[this.#at] ?? 0);
    this.#over[this.#at] = over;
    this.#at = (this.#at + 1) % this.#over.length;
    if (this.#on) this.#on = score >= off;
    else this.#on = over === 1 && this.#count >= persistence.k;
    if (this.#on && !wasOn) this.#budget.spend(endUs);
    const ratio = score / on;
    return this.#on ? Math.max(1, ratio) : Math.min(belowOne, ratio);
  }

  /** After a pause nothing of before it counts. */
  restart(): void {
    this.#over.fill(0);
    this.#count = 0;
    this.#on = false;
  }
}
