/**
 * Which units are away, and what was said of it: the first reading of each point that falls into a spell of absence is
 * a bad row, so that screens and history show it; those after it are charged to the ledger. Pure.
 */
export class Absences {
  /** By unit: how often any went away until it did, counted from 1; 0 while it is there. */
  readonly #spells = new Map<number, number>();
  #spell = 0;
  /** By point: the spell of absence in which it was told so last. */
  readonly #told: Uint32Array;

  /** @param pointsMax one more than the largest index of a point */
  constructor(pointsMax: number) {
    this.#told = new Uint32Array(pointsMax);
  }

  /** Units that are away, in the order in which they were first missed. */
  get units(): readonly number[] {
    return [...this.#spells].filter(([, spell]) => spell > 0).map(([unit]) => unit);
  }

  /** @returns true when it was not known yet */
  begin(unit: number): boolean {
    if ((this.#spells.get(unit) ?? 0) > 0) return false;
    this.#spell++;
    this.#spells.set(unit, this.#spell);
    return true;
  }

  /** @returns true when it had been away */
  end(unit: number): boolean {
    if ((this.#spells.get(unit) ?? 0) === 0) return false;
    this.#spells.set(unit, 0);
    return true;
  }

  /** Parts the points of a reading that did not come, of a unit that is away. */
  part(
    unit: number,
    points: readonly number[],
  ): { readonly toTell: readonly number[]; readonly toCharge: readonly number[] } {
    const spell = this.#spells.get(unit) ?? 0;
    const toTell: number[] = [];
    const toCharge: number[] = [];
    for (const point of points) {
      if (this.#told[point] === spell) toCharge.push(point);
      else {
        this.#told[point] = spell;
        toTell.push(point);
      }
    }
    return { toTell, toCharge };
  }
}
