import type { Clock } from "@millwright/kit";

/** Made once: without a reason each abort makes one with a stack of its own, and a commit was a fifteenth slower. */
const disarmed = new Error("disarmed");

/** When the next commit is due: one timer, for the earliest time that anybody asked for, and none while a commit is under way. */
export class CommitTimer {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #commit: () => Promise<void>;
  #dueMs = Infinity;
  #timer: AbortController | undefined;
  #busy = false;
  #ended = false;
  #lastMs = -Infinity;

  /** @param commit rejects when the journal breaks, and has told whom it concerns then */
  constructor(clock: Clock, everyMs: number, commit: () => Promise<void>) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#commit = commit;
  }

  /** When the last commit that wrote something began; -Infinity before the first. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** When samples that arrive now are to be on disk: on the grid of the interval. */
  nextMs(nowMs: number): number {
    return Math.max(nowMs, this.#lastMs + this.#everyMs);
  }

  by(dueMs: number): void {
    if (this.#ended || dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    if (!this.#busy) this.#arm();
  }

  /** A commit begins, and does what was due. */
  begun(): void {
    this.#timer?.abort(disarmed);
    this.#dueMs = Infinity;
    this.#busy = true;
  }

  /** It has been answered. @param beganMs the grid goes on from there */
  answered(beganMs: number): void {
    this.#lastMs = beganMs;
  }

  /** It is over: what became due meanwhile is waited for. */
  over(): void {
    this.#busy = false;
    if (this.#dueMs !== Infinity) this.#arm();
  }

  end(): void {
    this.#ended = true;
    this.#timer?.abort(disarmed);
  }

  #arm(): void {
    this.#timer?.abort(disarmed);
    if (this.#dueMs === Infinity || this.#ended) return;
    const timer = new AbortController();
    this.#timer = timer;
    const waitMs = Math.max(0, this.#dueMs - this.#clock.monotonicMs());
    this.#clock
      .sleep(waitMs, timer.signal)
      .then(this.#commit, () => undefined)
      .catch(() => {
        // Whoever commits has told it already.
      });
  }
}
