import { Moments } from "./moments.ts";

/**
 * The last `rows` numbers of a tag, and their moments at O(1) a row.
 *
 * Time is cut into blocks of `rows`, counted from row 0. A window is the tail of one block and the head of the next:
 * heads are joined number by number as they come, tails once a block, from its end (van Herk 1992, for sums instead of
 * extremes). So nothing is ever taken away again, and what a window gives depends on its numbers and their places alone:
 * not on when the program was started. This is what makes a backtest equal to live to the last bit.
 */
export class BlockWindow {
  readonly rows: number;
  readonly #tails: Moments[];
  readonly #head = new Moments();
  readonly #one = new Moments();
  readonly #whole = new Moments();
  #now: Float64Array;
  #before: Float64Array;
  /** Numbers in a row without a gap, ending with the newest. */
  #filled = 0;
  #place = 0;

  constructor(rows: number) {
    this.rows = rows;
    this.#tails = Array.from({ length: rows }, () => new Moments());
    this.#now = new Float64Array(rows);
    this.#before = new Float64Array(rows);
  }

  /** All numbers of the window are there. */
  get full(): boolean {
    return this.#filled >= this.rows;
  }

  /** A row was missing: the window begins anew. */
  restart(): void {
    this.#filled = 0;
    this.#head.clear();
  }

  /** Takes the number of row `row`, the one after the row before it (unless `restart` came between). */
  push(row: number, value: number): void {
    this.#place = row % this.rows;
    if (this.#place === 0) {
      this.#head.clear();
      const emptied = this.#before;
      this.#before = this.#now;
      this.#now = emptied;
    }
    this.#now[this.#place] = value;
    this.#filled++;
    this.#one.setOne(value);
    this.#head.join(this.#head, this.#one);
    if (this.#place === this.rows - 1) this.#sumTails();
  }

  /** Moments of the whole window; only while `full`. Holds until the next push. */
  moments(): Moments {
    const tail = this.#tails[this.#place + 1];
    if (tail === undefined) this.#whole.copy(this.#head);
    else this.#whole.join(tail, this.#head);
    return this.#whole;
  }

  /** Copies the window into `into`, oldest first; only while `full`. */
  copy(into: Float64Array): void {
    const split = this.rows - 1 - this.#place;
    into.set(this.#before.subarray(this.#place + 1), 0);
    into.set(this.#now.subarray(0, this.#place + 1), split);
  }

  #sumTails(): void {
    const from = Math.max(0, this.rows - this.#filled);
    let after: Moments | undefined;
    for (let place = this.rows - 1; place >= from; place--) {
      const tail = this.#tails[place];
      if (tail === undefined) return;
      this.#one.setOne(this.#now[place] ?? NaN);
      if (after === undefined) tail.copy(this.#one);
      else tail.join(this.#one, after);
      after = tail;
    }
  }
}
