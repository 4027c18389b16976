/**
 * Which messages have been received and not yet acknowledged to the broker. A message is acknowledged after the commit
 * that holds its readings; in the order of receipt, as MQTT asks (MQTT 5.0, 4.6; 3.1.1, 4.6).
 *
 * A broker sends only so many unacknowledged messages at a time. MQTT 5 lets us say how many (receive maximum), and the
 * broker then keeps what we have no room for. With 3.1.1 it is the broker's own setting, 20 in Mosquitto, and holding 20
 * until a commit each second would mean 20 messages a second (measured: 20 in flight with 3.1.1, 3,000 of 3,000 with
 * MQTT 5). So the window has a bound: when it is passed, the oldest is acknowledged early, and a power cut that loses it
 * is explained by the entry "gateway down" (field practice 3 and 44).
 */
export class AckWindow {
  readonly #heldMax: number;
  readonly #send: (messageId: number) => void;
  /** Message ids from ordinal `#first` on; `done` ones wait only for those before them. */
  #held: { readonly messageId: number; done: boolean }[] = [];
  #first = 0;
  #early = 0;

  constructor(heldMax: number, send: (messageId: number) => void) {
    this.#heldMax = heldMax;
    this.#send = send;
  }

  get size(): number {
    return this.#held.length;
  }

  /** How many were acknowledged before they were on disk. */
  get early(): number {
    return this.#early;
  }

  /** Takes a message that is to be acknowledged later. Returns its ordinal. */
  hold(messageId: number): number {
    const ordinal = this.#first + this.#held.length;
    this.#held.push({ messageId, done: false });
    if (this.#held.length > this.#heldMax) {
      this.#early++;
      this.#release(1);
    }
    return ordinal;
  }

  /** It is not acknowledged yet: the broker would send it again. */
  holds(ordinal: number): boolean {
    return ordinal >= this.#first;
  }

  /** The message needs nothing more: it held no readings, or they were dropped and counted. */
  finish(ordinal: number): void {
    const entry = this.#held[ordinal - this.#first];
    if (entry !== undefined) entry.done = true;
    this.#releaseDone();
  }

  /**
   * All readings up to and with this message are on disk. Batches are committed in their order, so whatever came before
   * is on disk as well, or was charged to the ledger.
   */
  settleThrough(ordinal: number): void {
    const count = ordinal - this.#first + 1;
    if (count > 0) this.#release(Math.min(count, this.#held.length));
    this.#releaseDone();
  }

  #releaseDone(): void {
    let count = 0;
    while (this.#held[count]?.done === true) count++;
    if (count > 0) this.#release(count);
  }

  #release(count: number): void {
    this.#first += count;
    for (const { messageId } of this.#held.splice(0, count)) this.#send(messageId);
  }
}
