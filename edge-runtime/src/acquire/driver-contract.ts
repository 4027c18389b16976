/**
 * What every driver must keep, whatever it speaks. A driver's test calls `describeDriver` with a rig that starts a small
 * simulator of its device; the suite knows no protocol. What a protocol cannot do at all is declared in `lacks` with its
 * reason, and then shows as a skipped test with that reason, never as a silent pass.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { systemClock } from "@millwright/kit";
import { severityOf, type Scalar, type WriteOutcome } from "@millwright/wire-contract";

import {
  assertBalance,
  Ledger,
  patienceMs,
  pause,
  Reader,
  until,
  within,
} from "./contract-reader.ts";
import type { DriverSession, PointSettings, ResumePoint } from "./driver.ts";
import type { DriverRig, RigDevice, RigLack } from "./driver-rig.ts";
import { DeviceUnreachable } from "./faults.ts";

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

function write(session: DriverSession, point: number, value: Scalar): Promise<WriteOutcome> {
  return within(
    patienceMs,
    "the outcome of a write",
    session.write(point, value, new AbortController().signal),
  );
}
