/**
 * A body of one temperature that stores heat and loses it to its surroundings:
 * C · dT/dt = P − G · (T − T_ambient). Stepped with its exact solution, so that a long step cannot overshoot.
 */
export class ThermalMass {
  readonly #capacity: number;
  #temperature: number;

  /**
   * @param capacity heat capacity, J/K
   * @param start temperature at the beginning, °C
   */
  constructor(capacity: number, start: number) {
    this.#capacity = capacity;
    this.#temperature = start;
  }

  /** °C */
  get temperature(): number {
    return this.#temperature;
  }

  /**
   * @param powerW heat put in, W
   * @param conductance to the surroundings, W/K
   * @param ambient temperature of the surroundings, °C
   */
  step(dtS: number, powerW: number, conductance: number, ambient: number): void {
    const final = ambient + powerW / conductance;
    const decay = Math.exp((-dtS * conductance) / this.#capacity);
    this.#temperature = final + (this.#temperature - final) * decay;
  }
}

/** First-order approach of `value` to `target` with time constant `tauS`. */
export function approach(value: number, target: number, tauS: number, dtS: number): number {
  return target + (value - target) * Math.exp(-dtS / tauS);
}
