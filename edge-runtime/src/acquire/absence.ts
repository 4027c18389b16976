/** In this time nothing was heard of a device. */
export interface UnheardSpan {
  readonly fromUs: number;
  readonly toUs: number;
  /** So many readings were due in it; undefined where a device speaks by itself, and nobody knows. */
  readonly due: number | undefined;
}

/**
 * The time without a conversation: since when it lasts, and what of it is to be charged. Says so, and charges nothing itself. To
 * find that a device does not answer takes as long as a connection may take, and that belongs to the absence as well.
 */
export class Absence {
  readonly #duePerMs: number | undefined;
  /** What was heard of the time after it is nothing, and not told yet; Infinity during a conversation. */
  #sinceUs: number;
  #isAway = false;
  /** A part of a reading, of what is told: the sum over many short spans is that of the long one. */
  #restDue = 0;

  /**
   * @param sinceUs nothing was heard since
   * @param duePerMs by the schedules of all points; undefined of a device that speaks by itself
   */
  constructor(sinceUs: number, duePerMs: number | undefined) {
    this.#sinceUs = sinceUs;
    this.#duePerMs = duePerMs;
  }

  /** It was found not to answer; false in a conversation, and before the first try has ended. */
  get isAway(): boolean {
    return this.#isAway;
  }

  get sinceUs(): number {
    return this.#sinceUs;
  }

  /** A conversation has ended, or none came about. */
  begin(nowUs: number): void {
    this.#sinceUs = Math.min(this.#sinceUs, nowUs);
    this.#isAway = true;
  }

  /** A conversation has begun; what was not told by then is not told any more. */
  end(): void {
    this.#sinceUs = Infinity;
    this.#isAway = false;
    this.#restDue = 0;
  }

  /** What is to be charged up to now, once. Of points that are read seldom nothing was due yet: then it goes on. */
  untold(nowUs: number): UnheardSpan | undefined {
    const fromUs = this.#sinceUs;
    if (nowUs <= fromUs) {
      // A clock that was set back, or a moment.
      this.#sinceUs = nowUs;
      return undefined;
    }
    if (this.#duePerMs === undefined) {
      this.#sinceUs = nowUs;
      return { fromUs, toUs: nowUs, due: undefined };
    }
    const exact = ((nowUs - fromUs) / 1_000) * this.#duePerMs + this.#restDue;
    const due = Math.round(exact);
    if (due <= 0) return undefined;
    this.#sinceUs = nowUs;
    this.#restDue = exact - due;
    return { fromUs, toUs: nowUs, due };
  }
}
