/** What a person should know of a conversation: one line for each cause, said once, and not without end. */
export class Notes {
  readonly #say: (text: string) => void;
  readonly #lines = new Map<string, string>();

  /** More lines than this are read by nobody; they are counted instead. */
  static readonly linesMax = 5;
  /** Causes that are told apart at all; a device that finds new ones for ever must not fill the memory. */
  static readonly causesMax = 100;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Says `text`, unless the same cause was said before. */
  add(cause: string, text: string): void {
    if (this.#lines.has(cause) || this.#lines.size >= Notes.causesMax) return;
    this.#lines.set(cause, text);
    this.#tell();
  }

  /** The cause is gone. */
  remove(cause: string): void {
    if (this.#lines.delete(cause)) this.#tell();
  }

  #tell(): void {
    const lines = [...this.#lines.values()];
    const shown = lines.slice(0, Notes.linesMax);
    const more = lines.length - shown.length;
    this.#say([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; "));
  }
}
