import type { Clock, Random } from "@millwright/kit";
import type { ClockCause, ClockRecord } from "@millwright/wire-contract";

/**
 * Follows the clock that stamps, in segments (no-loss protocol 2): a new one at each start, each step, and whenever the
 * clock becomes or ceases to be one that something sets. What the monotonic count says about all segments of one start is
 * what corrects those that nothing had set, once the clock is set (architecture 3).
 */

/** Wall time is read in ms here and there; a difference between wall and monotonic time that grew by more is no jitter. */
const stepUs = 100_000;
/**
 * Segments of this start that wait for a clock that is set. A clock that steps more often than that before it is set leaves
 * the oldest as they are: undisciplined.
 */
const waitingMax = 1_000;

/** A segment that nothing sets, with where its clock stood. */
interface WaitingSegment {
  readonly segment: number;
  /** Wall time minus monotonic time at its beginning, µs. */
  readonly baseUs: number;
}

export class ClockSegments {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #isSet: () => boolean;
  #segment: number;
  #disciplined: boolean;
  /** Wall time minus monotonic time, µs, at the beginning of the segment and when it was last looked at. */
  #baseUs: number;
  #seenUs: number;
  #waiting: WaitingSegment[] = [];
  #records: ClockRecord[] = [];

  constructor(clock: Clock, random: Random, isSet: () => boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#isSet = isSet;
    this.#disciplined = isSet();
    this.#segment = newSegment(random);
    this.#baseUs = this.#seenUs = baseOf(clock);
    this.#begun("started", 0);
  }

  get segment(): number {
    return this.#segment;
  }

  /** Something set the clock throughout the segment. */
  get disciplined(): boolean {
    return this.#disciplined;
  }

  /** What became known since the last call, in order. */
  takeRecords(): readonly ClockRecord[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** Looks at the clock before it stamps. Answers whether another segment has begun. */
  follow(): boolean {
    const baseUs = baseOf(this.#clock);
    const disciplined = this.#isSet();
    const cause = this.#causeOf(baseUs, disciplined);
    this.#seenUs = baseUs;
    if (cause === undefined) return false;
    const movedUs = Math.round(baseUs - this.#baseUs);
    this.#disciplined = disciplined;
    this.#segment = newSegment(this.#random);
    this.#baseUs = baseUs;
    this.#begun(cause, movedUs);
    if (disciplined) this.#correct();
    return true;
  }

  /** As after a step, with a clock that goes on as it did: another gateway may stamp in the segment before. */
  beginAnother(): void {
    this.#segment = newSegment(this.#random);
    this.#begun("started", 0);
  }

  #causeOf(baseUs: number, disciplined: boolean): ClockCause | undefined {
    if (Math.abs(baseUs - this.#seenUs) > stepUs) return "stepped";
    if (disciplined !== this.#disciplined) return disciplined ? "set" : "unset";
    // A clock that is slewed to the right time is no step, and a segment is corrected by one offset.
    return Math.abs(baseUs - this.#baseUs) > stepUs ? "drifted" : undefined;
  }

  #begun(cause: ClockCause, movedUs: number): void {
    const { segment, disciplined } = this;
    if (!disciplined) {
      this.#waiting.push({ segment, baseUs: this.#baseUs });
      if (this.#waiting.length > waitingMax) this.#waiting.shift();
    }
    this.#records.push({
      segment,
      disciplined,
      offsetUs: 0,
      atUs: Math.round(this.#clock.nowUs()),
      cause,
      ...(movedUs === 0 ? {} : { stepUs: movedUs }),
    });
  }

  /** The clock is set now: what it would have said all the time is known. */
  #correct(): void {
    const atUs = Math.round(this.#clock.nowUs());
    for (const { segment, baseUs } of this.#waiting) {
      const offsetUs = Math.round(this.#baseUs - baseUs);
      this.#records.push({ segment, disciplined: true, offsetUs, atUs });
    }
    this.#waiting = [];
  }
}

/** Constant while nobody sets the clock. */
function baseOf(clock: Clock): number {
  return clock.nowUs() - clock.monotonicMs() * 1_000;
}

/** 0 is what frames without samples carry. */
function newSegment(random: Random): number {
  return 1 + random.int(2 ** 32 - 1);
}
