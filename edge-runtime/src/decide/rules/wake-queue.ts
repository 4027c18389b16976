/** Entries that there is room for at the start; it doubles. */
const heapFirst = 64;

/**
 * When what has to be looked at again: one time for each of a fixed number of things. A time that moves later costs
 * nothing until the earlier one is due, so that a value that is proven each second moves no heap.
 */
export class WakeQueue {
  /** When it is really due; Infinity: never. */
  readonly #wantUs: Float64Array;
  /** The earliest entry in the heap; Infinity: none. */
  readonly #queuedUs: Float64Array;
  /** A binary heap by time, then by number: no entry is before its parent. Columns, so that nothing is allocated. */
  #heapUs = new Float64Array(heapFirst);
  #heapWhich = new Int32Array(heapFirst);
  #size = 0;

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
    this.#size = 0;
  }

  /** The next due time; Infinity when nothing waits. */
  get nextUs(): number {
    while (this.#size > 0) {
      const dueUs = this.#heapUs[0] ?? Infinity;
      const which = this.#heapWhich[0] ?? 0;
      if (dueUs !== this.#queuedUs[which]) {
        this.#pop();
        continue;
      }
      const wantUs = this.#wantUs[which] ?? Infinity;
      if (wantUs === dueUs) return wantUs;
      this.#pop();
      this.#queuedUs[which] = Infinity;
      if (wantUs !== Infinity) this.want(which, wantUs);
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
    if (this.#size === this.#heapUs.length) this.#grow();
    const [heapUs, heapWhich] = [this.#heapUs, this.#heapWhich];
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentUs = heapUs[parent] ?? 0;
      const parentWhich = heapWhich[parent] ?? 0;
      if (parentUs < dueUs || (parentUs === dueUs && parentWhich <= which)) break;
      heapUs[at] = parentUs;
      heapWhich[at] = parentWhich;
      at = parent;
    }
    heapUs[at] = dueUs;
    heapWhich[at] = which;
  }

  /** Takes the first out, and lets the last sink from its place. */
  #pop(): number {
    if (this.#size === 0) throw new RangeError("nothing waits");
    const [heapUs, heapWhich] = [this.#heapUs, this.#heapWhich];
    const top = heapWhich[0] ?? 0;
    const size = --this.#size;
    const lastUs = heapUs[size] ?? 0;
    const lastWhich = heapWhich[size] ?? 0;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < size && this.#before(right, child)) child = right;
      const childUs = heapUs[child] ?? 0;
      const childWhich = heapWhich[child] ?? 0;
      if (lastUs < childUs || (lastUs === childUs && lastWhich <= childWhich)) break;
      heapUs[at] = childUs;
      heapWhich[at] = childWhich;
      at = child;
    }
    heapUs[at] = lastUs;
    heapWhich[at] = lastWhich;
    return top;
  }

  #before(a: number, b: number): boolean {
    const [aUs, bUs] = [this.#heapUs[a] ?? 0, this.#heapUs[b] ?? 0];
    return aUs < bUs || (aUs === bUs && (this.#heapWhich[a] ?? 0) < (this.#heapWhich[b] ?? 0));
  }

  #grow(): void {
    const heapUs = new Float64Array(2 * this.#size);
    const heapWhich = new Int32Array(2 * this.#size);
    heapUs.set(this.#heapUs);
    heapWhich.set(this.#heapWhich);
    this.#heapUs = heapUs;
    this.#heapWhich = heapWhich;
  }
}
