/** What the suite sees of a driver: a context that counts, a reader that remembers, and waits that end. */
import assert from "node:assert/strict";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { severityOf, type LossReason } from "@millwright/wire-contract";

import type { DriverContext, DriverSession, ReadingBatch } from "./driver.ts";
import { LinkLost } from "./faults.ts";

/** No wait of the suite is longer; a machine under load needs seconds where an idle one needs milliseconds. */
export const patienceMs = 120_000;

/** A context that counts. */
export class Ledger {
  due = 0;
  lost = 0;
  readonly reasons = new Set<LossReason>();
  readonly provenPoints = new Map<number, number>();
  provenAll = 0;

  context(queueMax = 1_000): DriverContext {
    return {
      device: "rig-1",
      clock: systemClock,
      random: seededRandom("driver-contract"),
      log: silentLog,
      queueMax,
      stateFolder: "",
      due: (count) => {
        this.due += count;
      },
      lost: (_point, count, reason) => {
        // Of what nobody could count nothing was due.
        if (!Number.isNaN(count)) this.lost += count;
        this.reasons.add(reason);
      },
      proven: (_atUs, points) => {
        if (points === undefined) this.provenAll++;
        for (const point of points ?? []) {
          this.provenPoints.set(point, (this.provenPoints.get(point) ?? 0) + 1);
        }
      },
      note: () => undefined,
      badge: () => undefined,
    };
  }
}

/** Pulls from a session until told otherwise, and remembers what it saw. */
export class Reader {
  rows = 0;
  batches = 0;
  readonly last = new Map<number, { value: number; status: number }>();
  readonly count = new Map<number, number>();
  #watchUs = -Infinity;
  #early = 0;
  readonly #stop = new AbortController();
  readonly #batches: AsyncIterator<ReadingBatch>;

  constructor(session: DriverSession) {
    this.#batches = session.readings(this.#stop.signal)[Symbol.asyncIterator]();
  }

  /** Pulls until `enough` says so. Throws what the session throws. */
  async until(what: string, enough: () => boolean): Promise<void> {
    const endMs = systemClock.monotonicMs() + patienceMs;
    while (!enough()) {
      assert.ok(systemClock.monotonicMs() < endMs, `did not happen in time: ${what}`);
      const next = await within(patienceMs, what, this.#batches.next());
      assert.ok(next.done !== true, `the readings ended while waiting: ${what}`);
      await this.#take(next.value);
    }
  }

  /** Pulls one batch and hands it back unsettled. */
  async pull(): Promise<ReadingBatch> {
    const next = await within(patienceMs, "a batch", this.#batches.next());
    assert.ok(next.done !== true, "the readings ended");
    this.#note(next.value);
    return next.value;
  }

  /** Pulls until the link is lost. */
  async untilLost(): Promise<void> {
    await assert.rejects(
      this.until("the link is lost", () => false),
      (failure: unknown) => {
        assert.ok(failure instanceof LinkLost, `LinkLost expected, got ${String(failure)}`);
        return true;
      },
    );
  }

  /** From now on counts the rows that were received before `us`. */
  countReceivedBefore(us: number): () => number {
    this.#watchUs = us;
    this.#early = 0;
    return () => this.#early;
  }

  /** Aborts and pulls what is left: the readings must end, not throw. */
  async end(): Promise<void> {
    this.#stop.abort();
    for (;;) {
      const next = await within(patienceMs, "the readings end after abort", this.#batches.next());
      if (next.done === true) return;
      await this.#take(next.value);
    }
  }

  async #take(batch: ReadingBatch): Promise<void> {
    this.#note(batch);
    await batch.settle?.();
  }

  #note(batch: ReadingBatch): void {
    assert.ok(batch.count > 0, "a batch without rows was handed over");
    assert.ok(batch.point.length >= batch.count && batch.status.length >= batch.count);
    this.batches++;
    this.rows += batch.count;
    if (batch.receivedUs < this.#watchUs) this.#early += batch.count;
    for (let row = 0; row < batch.count; row++) {
      const point = batch.point[row] ?? -1;
      const wide = batch.wide?.get(row);
      const value = wide === undefined ? (batch.value[row] ?? NaN) : Number(wide);
      this.last.set(point, { value, status: batch.status[row] ?? 0 });
      this.count.set(point, (this.count.get(point) ?? 0) + 1);
    }
  }

  good(point: number): boolean {
    const last = this.last.get(point);
    return last !== undefined && severityOf(last.status) === "good";
  }

  shows(point: number, value: number): boolean {
    return this.good(point) && this.last.get(point)?.value === value;
  }
}

/** due − read − lost = 0, once the conversation is over. */
export function assertBalance(ledger: Ledger, reader: Reader): void {
  assert.equal(
    ledger.due - reader.rows - ledger.lost,
    0,
    `due ${ledger.due}, read ${reader.rows}, lost ${ledger.lost} (${[...ledger.reasons].join(", ")})`,
  );
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + patienceMs;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `did not happen in time: ${what}`);
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return systemClock.sleep(ms, new AbortController().signal);
}

export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = systemClock.sleep(ms, stop.signal).then(
    () => {
      throw new Error(`did not happen in ${ms} ms: ${what}`);
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
