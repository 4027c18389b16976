/** k of the last n: one high score is chance, several are not. A bit for each, the newest lowest. */
export class PersistenceColumns {
  readonly #bits: Uint32Array;
  readonly #mask: number;
  readonly #needed: number;

  /** @param of at most 31 */
  constructor(columns: number, needed: number, of: number) {
    this.#bits = new Uint32Array(columns);
    this.#mask = 2 ** of - 1;
    this.#needed = needed;
  }

  clear(column: number): void {
    this.#bits[column] = 0;
  }

  /** @returns whether enough of the last were high, this one included */
  add(column: number, high: boolean): boolean {
    const bits = (((this.#bits[column] ?? 0) << 1) | (high ? 1 : 0)) & this.#mask;
    this.#bits[column] = bits;
    return bits !== 0 && countOf(bits) >= this.#needed;
  }
}

function countOf(bits: number): number {
  let [left, count] = [bits, 0];
  for (; left !== 0; left &= left - 1) count++;
  return count;
}
