/**
 * How long somebody has to wait after failing. The wait doubles with every failure, and grows on after a restart: failures
 * are saved, and after a restart each wait begins anew, because no clock says how long the gateway was off. Measured on
 * the monotonic clock, so that nobody shortens it by setting the time.
 */
export interface ThrottleRule {
  /** A person mistypes; this often it costs nothing. */
  readonly freeFailures: number;
  readonly waitSMax: number;
}

/** Of one person on one road: 24 tries a day at the longest. */
export const personRule: ThrottleRule = { freeFailures: 4, waitSMax: 3_600 };
/** Of one address: a panel is used by a whole shift, so more is free and it never waits long. */
export const addressRule: ThrottleRule = { freeFailures: 10, waitSMax: 900 };

/** Wait after the first failure that is not free. */
const firstWaitS = 5;
/** Failures are forgotten after so long without another one. */
const forgetMs = 24 * 3_600_000;
/** More places than a plant has: beyond it the one that failed longest ago is forgotten. */
const keysMax = 512;

interface Failures {
  readonly count: number;
  readonly rule: ThrottleRule;
  readonly lastMs: number;
}

export type SavedFailures = readonly {
  readonly key: string;
  readonly count: number;
}[];

export class Throttle {
  readonly #failures = new Map<string, Failures>();

  /** @param ruleOf of a key @param nowMs monotonic; each wait begins here */
  constructor(saved: SavedFailures, ruleOf: (key: string) => ThrottleRule, nowMs: number) {
    for (const { key, count } of saved.slice(-keysMax)) {
      this.#failures.set(key, { count, rule: ruleOf(key), lastMs: nowMs });
    }
  }

  /** How long all of these have to wait still, ms; 0 when they may try now. */
  waitMs(keys: readonly string[], nowMs: number): number {
    return Math.max(0, ...keys.map((key) => this.#waitOf(key, nowMs)));
  }

  fail(key: string, rule: ThrottleRule, nowMs: number): void {
    const before = this.#heldCount(key, nowMs);
    // The newest last, so that the first of the map is the one to forget.
    this.#failures.delete(key);
    this.#failures.set(key, { count: before + 1, rule, lastMs: nowMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > keysMax && oldest !== undefined) this.#failures.delete(oldest);
  }

  clear(key: string): void {
    this.#failures.delete(key);
  }

  saved(): SavedFailures {
    return Array.from(this.#failures, ([key, { count }]) => ({ key, count }));
  }

  #waitOf(key: string, nowMs: number): number {
    const held = this.#failures.get(key);
    if (held === undefined) return 0;
    const waitMs = waitAfterMs(this.#heldCount(key, nowMs), held.rule);
    return Math.max(0, held.lastMs + waitMs - nowMs);
  }

  #heldCount(key: string, nowMs: number): number {
    const held = this.#failures.get(key);
    return held === undefined || nowMs - held.lastMs > forgetMs ? 0 : held.count;
  }
}

/** Wait after so many failures in a row, ms. */
export function waitAfterMs(count: number, rule: ThrottleRule): number {
  if (count <= rule.freeFailures) return 0;
  // 2 to the power of 20 passes every longest wait.
  const doublings = Math.min(20, count - rule.freeFailures - 1);
  return Math.min(rule.waitSMax, firstWaitS * 2 ** doublings) * 1_000;
}
