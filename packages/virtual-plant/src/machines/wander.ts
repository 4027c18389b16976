import type { Random } from "@millwright/kit";

/**
 * A quantity that wanders about 0 (Ornstein-Uhlenbeck), with a standard deviation of 1. An instrument averages over its
 * damping time, so that its readings a moment apart are nearly the same: noise that jumps with each reading is not what a
 * damped instrument shows. Stepped with its exact solution.
 */
export class Wander {
  readonly #random: Random;
  readonly #tauS: number;
  #value = 0;

  /** @param tauS for how long it remembers, s: the damping of the instrument, or the inertia of what it measures */
  constructor(random: Random, tauS: number) {
    this.#random = random;
    this.#tauS = tauS;
  }

  get value(): number {
    return this.#value;
  }

  step(dtS: number): void {
    const kept = Math.exp(-dtS / this.#tauS);
    this.#value = this.#value * kept + Math.sqrt(1 - kept ** 2) * this.#random.normal();
  }
}
