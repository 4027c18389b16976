/** What a screen reader is told of new alarms: urgent and high ones, once, at most one message in five seconds (ux-guide 10). */
import type { AlarmRow } from "@millwright/wire-contract/events";

const everyMs = 5_000;

export class AlarmAnnouncer {
  /** Occurrences that were told of, or were there when the page opened. */
  #known: ReadonlySet<string> | undefined;
  #urgent = 0;
  #high = 0;
  #toldMs = -Infinity;

  /** @param rows all alarms that are not normal */
  see(rows: readonly AlarmRow[]): void {
    const now = new Set<string>();
    for (const { id, raisedUs, priority, state } of rows) {
      if (state !== "unacknowledged" || priority === 3) continue;
      const occurrence = `${id} ${raisedUs}`;
      now.add(occurrence);
      if (this.#known === undefined || this.#known.has(occurrence)) continue;
      if (priority === 1) this.#urgent += 1;
      else this.#high += 1;
    }
    this.#known = now;
  }

  /** What is to be said now, and then not again; undefined when nothing is, or it is too soon. */
  takeMessage(nowMs: number): { readonly urgent: number; readonly high: number } | undefined {
    if (this.#urgent + this.#high === 0 || nowMs - this.#toldMs < everyMs) return undefined;
    const message = { urgent: this.#urgent, high: this.#high };
    this.#urgent = 0;
    this.#high = 0;
    this.#toldMs = nowMs;
    return message;
  }
}
