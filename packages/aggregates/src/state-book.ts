import type { Scalar } from "@millwright/wire-contract";

import type { StateTimes } from "./buckets.ts";

/** Times in states, while buckets are being filled. */
export class StateBook {
  readonly #keys: Scalar[] = [];
  readonly #numbers = new Map<Scalar, number>();
  /** Of the open bucket: time by number of the key. */
  readonly #open: number[] = [];
  readonly #bucket: number[] = [];
  readonly #key: number[] = [];
  readonly #us: number[] = [];

  add(state: Scalar, us: number): void {
    const key = keyOf(state);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#keys.length;
      this.#numbers.set(key, number);
      this.#keys.push(key);
      this.#open.push(0);
    }
    this.#open[number] = (this.#open[number] ?? 0) + us;
  }

  /** The open bucket is over. */
  close(bucket: number): void {
    for (let number = 0; number < this.#open.length; number++) {
      const us = this.#open[number] ?? 0;
      if (us === 0) continue;
      this.#bucket.push(bucket);
      this.#key.push(number);
      this.#us.push(us);
      this.#open[number] = 0;
    }
  }

  finish(): StateTimes {
    const order = this.#keys.map((_key, at) => at);
    order.sort((a, b) => compareKeys(this.#keys[a] ?? 0, this.#keys[b] ?? 0));
    const place = new Uint32Array(order.length);
    order.forEach((number, at) => (place[number] = at));
    const count = this.#bucket.length;
    const rows = Array.from({ length: count }, (_row, at) => at);
    const placeOf = (row: number): number => place[this.#key[row] ?? 0] ?? 0;
    rows.sort((a, b) => {
      const byBucket = (this.#bucket[a] ?? 0) - (this.#bucket[b] ?? 0);
      return byBucket === 0 ? placeOf(a) - placeOf(b) : byBucket;
    });
    return {
      keys: order.map((number) => this.#keys[number] ?? 0),
      count,
      bucket: Uint32Array.from(rows, (row) => this.#bucket[row] ?? 0),
      key: Uint32Array.from(rows, placeOf),
      us: Float64Array.from(rows, (row) => this.#us[row] ?? 0),
    };
  }
}

/** Bytes have no identity of their own in a map, and no order; as a state they are their text. */
function keyOf(state: Scalar): Scalar {
  if (state instanceof Uint8Array) return Buffer.from(state).toString("hex");
  if (typeof state === "boolean") return Number(state);
  // -0 is the state 0.
  return state === 0 ? 0 : state;
}

const ranks: Readonly<Record<string, number>> = { number: 0, bigint: 1, string: 2 };

function compareKeys(a: Scalar, b: Scalar): number {
  const byRank = (ranks[typeof a] ?? 3) - (ranks[typeof b] ?? 3);
  if (byRank !== 0) return byRank;
  return a < b ? -1 : a > b ? 1 : 0;
}
