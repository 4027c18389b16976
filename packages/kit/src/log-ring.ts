/**
 * The newest lines of a log, in memory: what a person who looks for a fault wants to read where nobody keeps standard error.
 * A line marks a change of state, so a healthy gateway writes some tens a day, and one device that comes and goes every half
 * minute fills the ring in four hours.
 */
export class LogRing {
  readonly #linesMax: number;
  readonly #charactersMax: number;
  readonly #lineCharactersMax: number;
  #lines: string[] = [];
  #characters = 0;

  /**
   * @param linesMax 1,000 lines of 250 characters are a quarter of a megabyte
   * @param charactersMax a line with the stack of a defect has some thousands
   */
  constructor(linesMax: number = 1_000, charactersMax: number = 512 * 1_024) {
    this.#linesMax = linesMax;
    this.#charactersMax = charactersMax;
    // One line must not push out all the others.
    this.#lineCharactersMax = Math.ceil(charactersMax / 32);
  }

  /** The oldest go. A line that is too long is cut. */
  write(line: string): void {
    let kept = line.trimEnd();
    if (kept.length > this.#lineCharactersMax) {
      // A copy: a part of a string keeps the whole of it in memory.
      kept = Buffer.from(kept.slice(0, this.#lineCharactersMax)).toString();
    }
    this.#lines.push(kept);
    this.#characters += kept.length;
    let gone = 0;
    while (this.#lines.length - gone > this.#linesMax || this.#characters > this.#charactersMax) {
      this.#characters -= this.#lines[gone]?.length ?? 0;
      gone++;
    }
    if (gone > 0) this.#lines = this.#lines.slice(gone);
  }

  /** The oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }
}
