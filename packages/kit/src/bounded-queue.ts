/**
 * First in, first out, never more than `max`. At the bound the choice is the caller's: `offer` says no and changes
 * nothing, `push` drops the oldest and hands it back so that it can be counted.
 */
export class BoundedQueue<T> {
  readonly #max: number;
  #items: T[] = [];
  #head = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  get full(): boolean {
    return this.size >= this.#max;
  }

  /** Appends and returns true, or returns false when full. */
  offer(item: T): boolean {
    if (this.full) return false;
    this.#items.push(item);
    return true;
  }

  /** Appends; returns what had to go when the queue was full. */
  push(item: T): T | undefined {
    const dropped = this.full ? this.shift() : undefined;
    this.#items.push(item);
    return dropped;
  }

  shift(): T | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    // Moving the rest down only when half of the array is dead keeps shift at a constant cost per item.
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes everything, oldest first. */
  drain(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
