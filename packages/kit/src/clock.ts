/**
 * Time enters every step through this door, so that a test can play a night in a millisecond and step the clock
 * backwards. Wall time may step; monotonic time never does, and is what every duration is measured with.
 */
export interface Clock {
  /** Wall time in µs since 1970 UTC. May step in either direction. */
  nowUs(): number;
  /** Milliseconds since an unspecified start. Never steps. */
  monotonicMs(): number;
  /**
   * Calls `ring` once after `ms`, unless the function that is returned was called before. For who sets and stops hundreds
   * of alarms a second: a promise with its signal costs several times as much.
   */
  after(ms: number, ring: () => void): () => void;
  /** Resolves after `ms`; rejects with the reason of `signal` as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  // performance.now() has sub-millisecond resolution but does not follow steps of the wall clock;
  // Date.now() follows them and is what samples must be stamped with.
  nowUs: () => Date.now() * 1_000,
  monotonicMs: () => performance.now(),
  after(ms, ring) {
    const timer = setTimeout(ring, ms);
    return () => {
      clearTimeout(timer);
    };
  },
  sleep: (ms, signal) => sleepBy(systemClock, ms, signal),
};

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  wake(): void;
}

/** A clock that moves only when it is told to. Sleepers wake in the order of their due time, then of their call. */
export class PlayedClock implements Clock {
  #monotonicMs = 0;
  #offsetUs: number;
  #order = 0;
  #sleepers: Sleeper[] = [];

  /** @param startUs wall time at monotonic 0, µs since 1970 UTC */
  constructor(startUs = 1_767_225_600_000_000) {
    this.#offsetUs = startUs;
  }

  nowUs(): number {
    return Math.round(this.#monotonicMs * 1_000) + this.#offsetUs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(ms: number, ring: () => void): () => void {
    const sleeper: Sleeper = {
      dueMs: this.#monotonicMs + Math.max(0, ms),
      order: this.#order++,
      wake: ring,
    };
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
    };
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return sleepBy(this, ms, signal);
  }

  /** Steps the wall clock; monotonic time and sleepers are not touched. */
  stepWall(byUs: number): void {
    this.#offsetUs += byUs;
  }

  /** Lets `ms` pass. Between two sleepers everything that is ready to run gets to run. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    for (;;) {
      await settled();
      const next = this.#nextDueBy(untilMs);
      if (next === undefined) break;
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs);
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
    }
    this.#monotonicMs = untilMs;
    await settled();
  }

  #nextDueBy(untilMs: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs > untilMs) continue;
      const earlier =
        next === undefined ||
        sleeper.dueMs < next.dueMs ||
        (sleeper.dueMs === next.dueMs && sleeper.order < next.order);
      if (earlier) next = sleeper;
    }
    return next;
  }
}

/** Gives every microtask chain that is ready the chance to end. One turn of the event loop is enough for those. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function sleepBy(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const onAbort = (): void => {
      stop();
      reject(reasonOf(signal));
    };
    const stop = clock.after(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted");
}
