/** Alarms that come too often or stay too long (ux-guide 5, "repeaters"). */

export const chatterActivations = 3;
export const chatterWindowUs = 60_000_000;
export const standingUs: number = 24 * 3_600_000_000;
/** Gone again before anybody could have walked to it. */
export const fleetingUs = 10_000_000;

/** Activations of one alarm that are not older than a minute; remembers as many as tell how much it chatters. */
export class ChatterWatch {
  /** The newest last; never more than `rememberedMax`. */
  #timesUs: number[] = [];

  add(atUs: number): void {
    this.#forget(atUs);
    if (this.#timesUs.length >= rememberedMax) this.#timesUs.shift();
    this.#timesUs.push(atUs);
  }

  /** Activations in the minute before now where they are enough to call it chattering; 0 otherwise. */
  chatterAt(nowUs: number): number {
    this.#forget(nowUs);
    const count = this.#timesUs.length;
    return count >= chatterActivations ? count : 0;
  }

  #forget(nowUs: number): void {
    let stale = 0;
    while (stale < this.#timesUs.length && (this.#timesUs[stale] ?? 0) <= nowUs - chatterWindowUs)
      stale++;
    if (stale > 0) this.#timesUs.splice(0, stale);
  }
}

/** More than one a second is shown as so many. */
const rememberedMax = 60;

export function isStanding(raisedUs: number, nowUs: number): boolean {
  return raisedUs > 0 && nowUs - raisedUs > standingUs;
}
