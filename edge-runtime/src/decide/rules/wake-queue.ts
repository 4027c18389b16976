/**
 * When what has to be looked at again: one time for each of a fixed number of things. A time that moves later costs
 * nothing until the earlier one is due, so that a value that is proven each second moves no heap.
 */
export class WakeQueue {
  /** When it is really due; Infinity: never. */
  readonly #wantUs: Float64Array;
  /** The earliest entry in the heap; Infinity: none. */
  readonly #queuedUs: Float64Array;
  readonly #heap: { readonly dueUs: number; readonly which: number }[] = [];

  /** @param count of things, which are 0 to count - 1 */
  constructor(count: number) {
    this.#wantUs = new Float64Array(count).fill(Infinity);
    this.#queuedUs = new Float64Array(count).fill(Infinity);
  }

  /** At most one time for each: a later call replaces the earlier. */
  want(which: number, dueUs: number): void {
    this.#wantUs[which] = dueUs;
    if (dueUs >= (this.#queuedUs[which] ?? Infinity)) return;
    this.#queuedUs[which] = dueUs;
    this.#push(dueUs, which);
  }

  /** Nothing is due any more. */
  clear(): void {
    this.#wantUs.fill(Infinity);
    this.#queuedUs.fill(Infinity);
    this.#heap.length = 0;
  }

  /** The next due time; Infinity when nothing waits. */
  get nextUs(): number {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.dueUs !== this.#queuedUs[top.which]) {
        this.#pop();
        continue;
      }
      const wantUs = this.#wantUs[top.which] ?? Infinity;
      if (wantUs === top.dueUs) return wantUs;
      this.#pop();
      this.#queuedUs[top.which] = Infinity;
      if (wantUs !== Infinity) this.want(top.which, wantUs);
    }
    return Infinity;
  }

  /** All that are due at `nextUs`, once. */
  takeDue(take: (which: number) => void): void {
    const dueUs = this.nextUs;
    while (this.nextUs === dueUs && dueUs !== Infinity) {
      const which = this.#pop();
      this.#queuedUs[which] = Infinity;
      this.#wantUs[which] = Infinity;
      take(which);
    }
  }

  #push(dueUs: number, which: number): void {
    const heap = this.#heap;
    let at = heap.push({ dueUs, which }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent], heap[at])) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) throw new RangeError("nothing waits");
    if (heap.length > 0) {
      heap[0] = last;
      for (let at = 0; ;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < heap.length && !before(heap[least], heap[child])) least = child;
        }
        if (least === at) break;
        this.#swap(at, least);
        at = least;
      }
    }
    return top.which;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}

interface Entry {
  readonly dueUs: number;
  readonly which: number;
}

function before(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.dueUs < b.dueUs || (a.dueUs === b.dueUs && a.which <= b.which);
}
