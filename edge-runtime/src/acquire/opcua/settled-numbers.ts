/**
 * Which numbered messages are safe on our disk. A message counts only when all before it do, because what we tell the
 * server, and what we remember over a restart, is one number.
 */
export class SettledNumbers {
  #waiting: { readonly seq: number; done: boolean }[] = [];
  #toAcknowledge: number[] = [];
  #last: number | undefined;

  /** @param last the number that an earlier conversation had settled last */
  constructor(last?: number) {
    this.#last = last;
  }

  /** The last number with all before it settled. */
  get last(): number | undefined {
    return this.#last;
  }

  /** How many messages were handed on and are not settled. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** A message has arrived; the answer is called when all of it is on disk. */
  arrived(seq: number): () => void {
    const message = { seq, done: false };
    this.#waiting.push(message);
    // No server keeps this many messages for us to ask again, so waiting longer for the first of them is of no use.
    if (this.#waiting.length > waitingMax && this.#waiting[0] !== undefined) {
      this.#waiting[0].done = true;
      this.#advance();
    }
    return () => {
      message.done = true;
      this.#advance();
    };
  }

  /** Takes what is to be acknowledged with the next request. */
  takeAcknowledgements(): readonly number[] {
    const taken = this.#toAcknowledge;
    this.#toAcknowledge = [];
    return taken;
  }

  /** The last number that was handed on; what was settled when nothing was. */
  get lastArrived(): number | undefined {
    return this.#waiting.at(-1)?.seq ?? this.#last;
  }

  /** Messages that arrived and were not handed on will be asked for again: they are forgotten. */
  forget(seqs: ReadonlySet<number>): void {
    this.#waiting = this.#waiting.filter((message) => !seqs.has(message.seq));
  }

  #advance(): void {
    let settled = 0;
    for (const message of this.#waiting) {
      if (!message.done) break;
      settled++;
      this.#last = message.seq;
      this.#toAcknowledge.push(message.seq);
    }
    if (settled > 0) this.#waiting = this.#waiting.slice(settled);
  }
}

const waitingMax = 4_096;
