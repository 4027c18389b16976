/** What a person should know of a conversation, by topic: one text, rebuilt when a topic changes. */
export class Notes {
  readonly #say: (text: string) => void;
  readonly #topics = new Map<string, string>();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** "" takes the topic back. */
  set(topic: string, text: string): void {
    if ((this.#topics.get(topic) ?? "") === text) return;
    if (text === "") this.#topics.delete(topic);
    else this.#topics.set(topic, text);
    this.#say([...this.#topics.values()].join("; "));
  }
}
