/**
 * What every driver must keep, whatever it speaks. A driver's test calls `describeDriver` with a rig that starts a small
 * simulator of its device; the suite knows no protocol. What a protocol cannot do at all is declared in `lacks` with its
 * reason, and then shows as a skipped test with that reason, never as a silent pass.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import {
  severityOf,
  type LossReason,
  type Scalar,
  type WriteOutcome,
} from "@millwright/wire-contract";

import type {
  Driver,
  DriverContext,
  DriverSession,
  PointSettings,
  ReadingBatch,
  ResumePoint,
} from "./driver.ts";
import { DeviceUnreachable, LinkLost } from "./faults.ts";

/** What a rig may say that its protocol has no way to do. */
export type RigLack =
  /** The driver writes nothing (MQTT: writing takes the command path). */
  | "write"
  /** A write has no reply that could be lost. */
  | "lost reply"
  /** The device cannot say that one point does not exist (an MQTT topic that nobody publishes is only silent). */
  | "bad point"
  /** The device hands over no readings that could be counted beforehand. */
  | "balance";

/** How to get the device of one protocol. */
export interface DriverRig<Settings> {
  readonly driver: Driver<Settings>;
  /** By lack, the reason in words. */
  readonly lacks?: Readonly<Partial<Record<RigLack, string>>>;
  /** Absent: the rig can run here. Otherwise why not (a program is missing). */
  readonly skip?: string;
  /** Starts a device of its own for one test, on loopback and a free port. */
  start(): Promise<RigDevice<Settings>>;
}

/** A running simulator. All points hold numbers. */
export interface RigDevice<Settings> {
  readonly settings: Settings;
  /** At least two points that exist; `everyMs` at most 100, so that the suite is quick. */
  readonly points: readonly PointSettings[];
  /** A point that `checkPoint` accepts and the device does not have. */
  readonly absentPoint: PointSettings;
  /** An address that `checkPoint` must refuse. */
  readonly nonsenseAddress: string;
  /** Which of `points` may be written. */
  readonly writable: number;
  /** Changes a value in the device. Whole numbers from 0 to 30,000. */
  set(point: number, value: number): Promise<void> | void;
  /** What the device holds now. */
  get(point: number): Promise<number> | number;
  /** The device acts on the next write and its reply never arrives. */
  loseNextReply(): void;
  /** Takes the device away: open conversations break and new ones fail, until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Conversations (connections, sessions) that the device sees now. */
  conversations(): number;
  /** How many readings the device knows to be settled; absent where it is never told. */
  settled?(): number;
  stop(): Promise<void>;
}

/** No wait of the suite is longer; a machine under load needs seconds where an idle one needs milliseconds. */
const patienceMs = 20_000;

/** A context that counts. */
class Ledger {
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
        this.lost += count;
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
class Reader {
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

/**
 * Runs the suite.
 *
 * @param name what stands before the titles, for example "modbus rtu-over-tcp"
 */
export function describeDriver<Settings>(name: string, rig: DriverRig<Settings>): void {
  const options = rig.skip === undefined ? {} : { skip: rig.skip };
  const unless = (lack: RigLack): { skip: string } | object => {
    const reason = rig.lacks?.[lack];
    return reason === undefined ? {} : { skip: reason };
  };
  const open = (
    device: RigDevice<Settings>,
    ledger: Ledger,
    points: readonly PointSettings[] = device.points,
    resume?: ResumePoint,
    queueMax?: number,
  ): Promise<DriverSession> =>
    within(
      patienceMs,
      "open",
      rig.driver.open(
        device.settings,
        points,
        ledger.context(queueMax),
        new AbortController().signal,
        resume,
      ),
    );
  const withDevice = async (
    body: (device: RigDevice<Settings>) => Promise<void>,
  ): Promise<void> => {
    const device = await rig.start();
    try {
      await body(device);
    } finally {
      await device.stop();
    }
  };

  describe(`${name} keeps the contract of a driver`, options, () => {
    test("it opens, reads every point, ends when it is told to and leaves no conversation behind", () =>
      withDevice(async (device) => {
        await device.set(0, 17);
        await device.set(1, 4_242);
        const session = await open(device, new Ledger());
        const reader = new Reader(session);
        await reader.until("both points are read", () => {
          return reader.shows(0, 17) && reader.shows(1, 4_242);
        });
        await device.set(1, 4_243);
        await reader.until("a change is read", () => reader.shows(1, 4_243));
        await reader.end();
        await session.end(new AbortController().signal);
        await session[Symbol.asyncDispose]();
        await until("the device sees no conversation", () => device.conversations() === 0);
      }));

    test("disposal without an end is no error, and may come twice", () =>
      withDevice(async (device) => {
        const session = await open(device, new Ledger());
        await session[Symbol.asyncDispose]();
        await session[Symbol.asyncDispose]();
      }));

    test("a slow reader slows it: what waits is bounded and what was not read is counted", () =>
      withDevice(async (device) => {
        const queueMax = 4;
        const ledger = new Ledger();
        const session = await open(device, ledger, device.points, undefined, queueMax);
        const reader = new Reader(session);
        await reader.until("values flow", () => reader.good(0) && reader.good(1));
        // The reader is slow for this long: the length of the pause is the very thing under test.
        const pauseMs = Math.max(...device.points.map((point) => point.everyMs)) * 2;
        for (let value = 1; value <= 10; value++) {
          await device.set(0, value);
          await pause(pauseMs);
        }
        const waiting = reader.countReceivedBefore(systemClock.nowUs());
        await device.set(0, 11);
        await reader.until("the value of now comes", () => reader.shows(0, 11));
        assert.ok(
          waiting() <= queueMax + device.points.length,
          `${waiting()} readings waited for a reader that did not come`,
        );
        await reader.end();
        await session[Symbol.asyncDispose]();
        if (rig.lacks?.balance === undefined) assertBalance(ledger, reader);
      }));

    test("it says LinkLost when the device goes, and goes on with the resume point when it is back", () =>
      withDevice(async (device) => {
        const ledger = new Ledger();
        const session = await open(device, ledger);
        const reader = new Reader(session);
        await reader.until("values flow", () => reader.good(0));
        await device.cut();
        await reader.untilLost();
        const resume = session.resume;
        assert.deepEqual(
          JSON.parse(JSON.stringify(resume)),
          resume,
          "a resume point is plain JSON",
        );
        await session[Symbol.asyncDispose]();
        if (rig.lacks?.balance === undefined) assertBalance(ledger, reader);

        await device.mend();
        await device.set(0, 99);
        const next = await open(device, new Ledger(), device.points, resume);
        const nextReader = new Reader(next);
        await nextReader.until("the value of now is read", () => nextReader.shows(0, 99));
        await nextReader.end();
        await next[Symbol.asyncDispose]();
      }));

    test("a link that is lost while nobody pulls is told at the next pull", () =>
      withDevice(async (device) => {
        const session = await open(device, new Ledger());
        const reader = new Reader(session);
        await reader.until("values flow", () => reader.good(0));
        await device.cut();
        await until("the conversation is gone", () => device.conversations() === 0);
        await reader.untilLost();
        await session[Symbol.asyncDispose]();
      }));

    test("every batch can be settled once, and nothing is settled by itself", () =>
      withDevice(async (device) => {
        const session = await open(device, new Ledger());
        const reader = new Reader(session);
        const settledAtStart = device.settled?.() ?? 0;
        const batches = [await reader.pull()];
        await device.set(0, 5);
        assert.equal(device.settled?.() ?? 0, settledAtStart, "settled before it was on disk");
        batches.push(await reader.pull());
        for (const batch of batches) await batch.settle?.();
        if (device.settled !== undefined) {
          await until("the device knows", () => (device.settled?.() ?? 0) > settledAtStart);
        }
        await reader.end();
        await session[Symbol.asyncDispose]();
      }));

    test("a write is done in the device before it counts as accepted", unless("write"), () =>
      withDevice(async (device) => {
        const session = await open(device, new Ledger());
        const outcome = await write(session, device.writable, 321);
        assert.deepEqual(outcome, { kind: "accepted" });
        assert.equal(await device.get(device.writable), 321);
        await session[Symbol.asyncDispose]();
      }),
    );

    test(
      "a write whose reply is lost is unknown: neither accepted nor refused",
      { ...unless("write"), ...unless("lost reply") },
      () =>
        withDevice(async (device) => {
          const session = await open(device, new Ledger());
          device.loseNextReply();
          const outcome = await write(session, device.writable, 123);
          assert.ok(outcome.kind === "unknown", `unknown expected, got ${outcome.kind}`);
          assert.ok(outcome.reason.length > 0);
          await until("the device acted", async () => (await device.get(device.writable)) === 123);
          await session[Symbol.asyncDispose]();
        }),
    );

    test("an absent device is DeviceUnreachable, with a hint for the person who stands there", () =>
      withDevice(async (device) => {
        await device.cut();
        await assert.rejects(open(device, new Ledger()), (failure: unknown) => {
          assert.ok(
            failure instanceof DeviceUnreachable,
            `DeviceUnreachable expected, got ${String(failure)}`,
          );
          assert.ok(failure.hint.length > 0);
          return true;
        });
      }));

    test("an open that is aborted ends at once", () =>
      withDevice(async (device) => {
        const stop = new AbortController();
        stop.abort(new Error("no longer wanted"));
        await assert.rejects(
          within(
            patienceMs,
            "open",
            rig.driver.open(device.settings, device.points, new Ledger().context(), stop.signal),
          ),
        );
        await until("no conversation stays", () => device.conversations() === 0);
      }));

    test("a point that the device does not have is bad alone", unless("bad point"), () =>
      withDevice(async (device) => {
        await device.set(0, 11);
        await device.set(1, 22);
        const [first, second, ...rest] = device.points;
        assert.ok(first !== undefined && second !== undefined);
        assert.equal(rig.driver.checkPoint(device.settings, device.absentPoint), undefined);
        const session = await open(device, new Ledger(), [
          first,
          device.absentPoint,
          second,
          ...rest,
        ]);
        const reader = new Reader(session);
        await reader.until("the good are good and the bad is bad", () => {
          const absent = reader.last.get(1);
          return (
            reader.shows(0, 11) &&
            reader.shows(2, 22) &&
            absent !== undefined &&
            severityOf(absent.status) === "bad"
          );
        });
        const seen = reader.count.get(0) ?? 0;
        await device.set(0, 12);
        await reader.until("the good go on", () => reader.shows(0, 12));
        assert.ok((reader.count.get(0) ?? 0) > seen);
        await reader.end();
        await session[Symbol.asyncDispose]();
      }),
    );

    test("an address that cannot be understood is refused in words, before anything is started", () =>
      withDevice((device) => {
        const [first] = device.points;
        assert.ok(first !== undefined);
        assert.equal(rig.driver.checkPoint(device.settings, first), undefined);
        const refused = rig.driver.checkPoint(device.settings, {
          ...first,
          address: device.nonsenseAddress,
        });
        assert.equal(refused?.kind, "refused");
        assert.ok(refused.reason.length > 0);
        return Promise.resolve();
      }));

    test("a value that never changes keeps being proven", () =>
      withDevice(async (device) => {
        await device.set(1, 7);
        const ledger = new Ledger();
        const session = await open(device, ledger);
        const reader = new Reader(session);
        await reader.until("the value is there", () => reader.shows(1, 7));
        const proofs = (): number =>
          (reader.count.get(1) ?? 0) + ledger.provenAll + (ledger.provenPoints.get(1) ?? 0);
        const before = proofs();
        // Proofs may come while no reading does, so the reader must not be waited for.
        const pulling = reader.until("three more proofs", () => proofs() >= before + 3);
        await Promise.race([pulling, until("three more proofs", () => proofs() >= before + 3)]);
        assert.ok(reader.shows(1, 7));
        const ended = reader.end();
        await Promise.allSettled([pulling, ended]);
        await session[Symbol.asyncDispose]();
      }));

    test("what was due was read, or its loss is explained", unless("balance"), () =>
      withDevice(async (device) => {
        const ledger = new Ledger();
        const session = await open(device, ledger);
        const reader = new Reader(session);
        await reader.until("some rounds pass", () => (reader.count.get(0) ?? 0) >= 5);
        await reader.end();
        await session[Symbol.asyncDispose]();
        assert.ok(ledger.due > 0, "readings were due");
        assertBalance(ledger, reader);
      }),
    );
  });
}

/** due − read − lost = 0, once the readings have ended. An unknown loss (NaN) cannot be added up and explains the rest. */
function assertBalance(ledger: Ledger, reader: Reader): void {
  if (Number.isNaN(ledger.lost)) return;
  assert.equal(
    ledger.due - reader.rows - ledger.lost,
    0,
    `due ${ledger.due}, read ${reader.rows}, lost ${ledger.lost} (${[...ledger.reasons].join(", ")})`,
  );
}

function write(session: DriverSession, point: number, value: Scalar): Promise<WriteOutcome> {
  return within(
    patienceMs,
    "the outcome of a write",
    session.write(point, value, new AbortController().signal),
  );
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + patienceMs;
  while (!(await holds())) {
    assert.ok(systemClock.monotonicMs() < endMs, `did not happen in time: ${what}`);
    await pause(5);
  }
}

function pause(ms: number): Promise<void> {
  return systemClock.sleep(ms, new AbortController().signal);
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
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
