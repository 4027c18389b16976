import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { severityOf, status } from "@millwright/wire-contract";

import type { DriverSession, PointSettings } from "../driver.ts";
import { DeviceUnreachable, LinkLost, SettingsRefused } from "../faults.ts";
import { createModbusDriver } from "./modbus-driver.ts";
import type { ModbusSettings } from "./settings.ts";
import { TestDevice } from "./test-device.ts";
import { pointOf, readUntil, rowsOf, settingsFor, Told, type Row } from "./test-points.ts";

const never = new AbortController().signal;

interface Bench {
  readonly device: TestDevice;
  readonly told: Told;
  readonly open: (
    points: readonly PointSettings[],
    settings?: ModbusSettings,
  ) => Promise<DriverSession>;
}

/** A device, a driver with lines of its own and a ledger; everything opened is closed again. */
async function bench(
  body: (given: Bench) => Promise<void>,
  framing: ModbusSettings["framing"] = "tcp",
): Promise<void> {
  const device = await TestDevice.start(framing);
  const driver = createModbusDriver();
  const told = new Told();
  const sessions: DriverSession[] = [];
  try {
    await body({
      device,
      told,
      async open(points, settings = settingsFor(device)) {
        const session = await driver.open(settings, points, told.context, never);
        sessions.push(session);
        return session;
      },
    });
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
    await device.stop();
  }
}

const last = (rows: readonly Row[], point: number): Row | undefined =>
  rows.findLast((row) => row.point === point);
const count = (rows: readonly Row[], point: number): number =>
  rows.filter((row) => row.point === point).length;

function assertBalance(told: Told, rows: readonly Row[]): void {
  assert.equal(told.due - rows.length - told.lostCount, 0, "due = read + lost");
}

describe("reading", () => {
  test("points of both kinds of tables and of every type arrive as they are in the device", () =>
    bench(async ({ device, told, open }) => {
      device.coil[3] = 1;
      device.discrete[7] = 1;
      device.input[30] = 0xfffe;
      device.holding.set([0x4049, 0x0fdb], 100);
      device.holding.set([0x0fdb, 0x4049], 102);
      device.holding.set([0x7fff, 0xffff, 0xffff, 0xffff], 104);
      device.holding.set([0x5075, 0x6d70], 110);
      device.holding[120] = 0b1010_0000;
      device.holding[121] = 0x1234;
      device.holding[122] = 0x8005;
      device.holding[123] = 0x8000;
      device.holding.set([231, 0xffff], 130);
      device.holding.set([0x6553, 0xf100], 140);
      const points = [
        pointOf("coil:3", "bool", 50),
        pointOf("coil:4", "bool", 50),
        pointOf("discrete:7", "bool", 50),
        pointOf("input:30", "int16", 50),
        pointOf("holding:100", "float32", 50),
        pointOf("holding:102", "float32", 50, { order: "CDAB" }),
        pointOf("holding:104", "int64", 50),
        pointOf("holding:110", "string", 50, { length: "4" }),
        pointOf("holding:120", "bool", 50, { bit: "7" }),
        pointOf("holding:120", "uint16", 50),
        pointOf("holding:120", "uint8", 50, { bit: "4-7" }),
        pointOf("holding:121", "uint16", 50, { encoding: "bcd" }),
        pointOf("holding:122", "int16", 50, { encoding: "sign-magnitude" }),
        pointOf("holding:123", "int16", 50, { sentinel: "0x8000 0xFFFF" }),
        pointOf("holding:130", "int16", 50, { scale_register: "131" }),
        pointOf("holding:140", "time", 50),
      ];
      const session = await open(points);
      const rows = await readUntil(session, (all) => points.every((_, at) => count(all, at) > 0));
      const values = points.map((_, at) => last(rows, at)?.value);
      assert.deepEqual(values, [
        1,
        0,
        1,
        -2,
        Math.fround(Math.PI),
        Math.fround(Math.PI),
        2n ** 63n - 1n,
        "Pump",
        1,
        0b1010_0000,
        0b1010,
        1_234,
        -5,
        NaN,
        23.1,
        0x6553_f100 * 1_000_000,
      ]);
      assert.equal(last(rows, 13)?.status, status.badSensorFailure);
      assertBalance(told, rows);
    }));

  test("neighbours travel in one request, and the limits of the device are kept", () =>
    bench(async ({ device, open }) => {
      device.countMax = 10;
      const points = Array.from({ length: 25 }, (_, at) => pointOf(`holding:${at}`, "uint16", 50));
      const session = await open(points, settingsFor(device, { registersMax: 10 }));
      await readUntil(session, (all) => all.length >= 50);
      const sizes = new Set(device.heard.map((heard) => `${heard.address} ${heard.count}`));
      assert.deepEqual([...sizes].sort(), ["0 10", "10 10", "20 5"]);
    }));

  test("the device's first answer is not thrown away, because reading may clear a register", () =>
    bench(async ({ device, open }) => {
      device.holding[1] = 5;
      const session = await open([pointOf("holding:1", "uint16", 3_600_000)]);
      assert.equal(device.heard.length, 1);
      const rows = await readUntil(session, (all) => all.length >= 1);
      assert.deepEqual(rows, [{ point: 0, value: 5, status: 0 }]);
    }));

  test("a quick interval is not held up by a long round of a slow one", () =>
    bench(async ({ device, told, open }) => {
      const slow = Array.from({ length: 60 }, (_, at) =>
        pointOf(`holding:${at * 2}`, "uint16", 60_000),
      );
      const quick = pointOf("input:1", "uint16", 50);
      device.whim = () => ({ delayMs: 10 });
      const session = await open([...slow, quick]);
      const rows = await readUntil(session, (all) => count(all, 59) > 0);
      assert.ok(count(rows, 60) >= 5, `${count(rows, 60)} quick readings during a round of 600 ms`);
      assertBalance(told, rows);
    }));
});

describe("refusals", () => {
  test("one illegal register in a group is bad alone, is left alone, and is named", () =>
    bench(async ({ device, told, open }) => {
      device.missing.add(13);
      const points = Array.from({ length: 40 }, (_, at) => pointOf(`holding:${at}`, "uint16", 50));
      const session = await open(points);
      const rows = await readUntil(session, (all) => count(all, 0) >= 4);
      for (const row of rows) {
        assert.equal(row.status, row.point === 13 ? status.badNodeIdUnknown : status.good);
      }
      assert.equal(count(rows, 13), count(rows, 0), "each reading has its row");
      const alone = device.heard.filter((heard) => heard.address === 13 && heard.count === 1);
      assert.equal(alone.length, 1, "asked once to blame it, then not again");
      assert.match(told.note, /holding:13/);
      assertBalance(told, rows);
    }));

  test("a device that refuses long reads is asked for less, and nobody is blamed", () =>
    bench(async ({ device, told, open }) => {
      device.countMax = 30;
      const points = Array.from({ length: 100 }, (_, at) => pointOf(`holding:${at}`, "uint16", 50));
      const session = await open(points);
      const rows = await readUntil(session, (all) => count(all, 0) >= 3);
      assert.ok(rows.every((row) => row.status === status.good));
      const refusedLater = device.heard.slice(12).filter((heard) => heard.count > 30);
      assert.deepEqual(refusedLater, []);
      assertBalance(told, rows);
    }));

  test("a busy device loses the readings of this poll, and has the next", () =>
    bench(async ({ device, told, open }) => {
      let busy = 2;
      const session = await open([pointOf("holding:1", "uint16", 500)]);
      device.whim = () => (busy-- > 0 ? { exception: 6 } : undefined);
      const rows = await readUntil(session, (all) => all.length >= 3);
      assert.ok(rows.every((row) => row.status === status.good));
      assert.deepEqual([...new Set(told.lost.map((loss) => loss.reason))], ["device overload"]);
      // A poll for which a busy machine comes late is charged as well, and was not asked.
      const missed = told.due - device.heard.length;
      assert.equal(told.lostCount - missed, 2);
      assertBalance(told, rows);
    }));

  test("a failure in the device is a bad reading of this poll only", () =>
    bench(async ({ device, open }) => {
      let failing = true;
      const session = await open([pointOf("holding:1", "uint16", 50)]);
      device.whim = () => {
        const now = failing;
        failing = false;
        return now ? { exception: 4 } : undefined;
      };
      const rows = await readUntil(session, (all) => all.length >= 3);
      assert.deepEqual(
        rows.map((row) => row.status),
        [status.good, status.badDeviceFailure, status.good],
      );
    }));

  test("a function that the device does not know makes its points bad, not the others", () =>
    bench(async ({ device, open }) => {
      const session = await open([
        pointOf("holding:1", "uint16", 50),
        pointOf("input:1", "uint16", 50),
      ]);
      device.whim = (heard) => (heard.fn === 4 ? { exception: 1 } : undefined);
      const rows = await readUntil(session, (all) => count(all, 0) >= 3 && count(all, 1) >= 2);
      assert.equal(last(rows, 1)?.status, status.badNotSupported);
      assert.equal(last(rows, 0)?.status, status.good);
    }));
});

describe("units that are away", () => {
  for (const framing of ["tcp", "rtu-over-tcp"] as const) {
    test(`a dead unit is bad once, is asked rarely, and the others go on (${framing})`, () =>
      bench(async ({ device, told, open }) => {
        device.units = new Set([1, 2]);
        // With three whole seconds to answer: on a busy machine unit 1 must not look dead, too.
        const session = await open(
          [pointOf("holding:1", "uint16", 50), pointOf("holding:1", "uint16", 50, { unit: "2" })],
          settingsFor(device, { timeoutMs: 3_000 }),
        );
        device.units = new Set([1]);
        const rows = await readUntil(session, (all) => {
          const bad = all.findIndex(
            (row) => row.point === 1 && row.status === status.badCommunication,
          );
          return bad >= 0 && count(all.slice(bad), 0) >= 10;
        });
        const bad = rows.filter((row) => row.status === status.badCommunication);
        assert.deepEqual(
          bad.map((row) => row.point),
          [1],
          "said once",
        );
        const asked = device.heard.filter((heard) => heard.unit === 2);
        assert.ok(asked.length <= 8, `the dead unit was asked ${asked.length} times`);
        assert.deepEqual(
          [...new Set(told.blamed.map((loss) => loss.reason))],
          ["device unreachable"],
        );
        assert.match(told.note, /unit 2 does not answer/);
        assertBalance(told, rows);
      }, framing));
  }

  test("exception 11 means that the unit is gone and the gateway is not", () =>
    bench(async ({ device, told, open }) => {
      device.units = new Set([1, 2]);
      const session = await open([
        pointOf("holding:1", "uint16", 50),
        pointOf("holding:1", "uint16", 50, { unit: "2" }),
      ]);
      device.whim = (heard) => (heard.unit === 2 ? { exception: 11 } : undefined);
      const rows = await readUntil(session, (all) => count(all, 0) >= 6);
      assert.equal(device.heard.filter((heard) => heard.unit === 2).length, 1);
      assert.equal(last(rows, 1)?.status, status.badCommunication);
      assert.ok(told.blamed.length > 0);
      for (const loss of told.blamed)
        assert.deepEqual([loss.point, loss.reason], [1, "device unreachable"]);
      assertBalance(told, rows);
    }));

  test("a line on which nobody answers any more is lost", () =>
    bench(async ({ device, told, open }) => {
      const session = await open(
        [pointOf("holding:1", "uint16", 50)],
        settingsFor(device, { timeoutMs: 150 }),
      );
      device.units = new Set();
      const rows: Row[] = [];
      await assert.rejects(async () => {
        for await (const batch of session.readings(never)) rows.push(...rowsOf(batch));
      }, LinkLost);
      assert.equal(rows.filter((row) => severityOf(row.status) === "good").length, 1);
      assertBalance(told, rows);
    }));

  test("a device whose unit does not answer is unreachable when it is opened", () =>
    bench(async ({ device, open }) => {
      const points = [pointOf("holding:1", "uint16", 50)];
      const settings = settingsFor(device, { unit: 9, timeoutMs: 150 });
      await assert.rejects(open(points, settings), (failure: unknown) => {
        assert.ok(failure instanceof DeviceUnreachable);
        assert.match(String(failure.cause), /unit 9: no answer in time/);
        return true;
      });
      device.whim = () => ({ exception: 11 });
      await assert.rejects(open(points), DeviceUnreachable);
    }));
});

describe("one line", () => {
  for (const framing of ["tcp", "rtu-over-tcp"] as const) {
    test(`devices of one line share one connection and one question under way (${framing})`, () =>
      bench(async ({ device, open }) => {
        device.units = new Set([1, 2, 3]);
        let underWay = 0;
        let most = 0;
        device.whim = () => {
          underWay++;
          most = Math.max(most, underWay);
          return { spoil: (frame) => (underWay--, frame) };
        };
        const sessions = await Promise.all(
          [1, 2, 3].map((unit) =>
            open([pointOf("holding:1", "uint16", 50)], settingsFor(device, { unit })),
          ),
        );
        assert.equal(device.connections, 1);
        await Promise.all(sessions.map((one) => readUntil(one, (all) => all.length >= 5)));
        assert.equal(most, 1);
        for (const session of sessions) await session[Symbol.asyncDispose]();
      }, framing));
  }

  test("a device known to bear more has so many questions under way, and no more", () =>
    bench(async ({ device, open }) => {
      device.whim = () => ({ delayMs: 2 });
      const points = Array.from({ length: 40 }, (_, at) =>
        pointOf(`holding:${at * 2}`, "uint16", 100),
      );
      const session = await open(points, settingsFor(device, { concurrent: 4, timeoutMs: 60_000 }));
      let heard = 0;
      let answered = 0;
      let most = 0;
      device.whim = () => {
        heard++;
        most = Math.max(most, heard - answered);
        return { delayMs: 1, spoil: (frame) => (answered++, frame) };
      };
      const rows = await readUntil(session, (all) => all.length >= 80);
      assert.ok(rows.every((row) => row.status === status.good));
      assert.equal(most, 4);
    }));

  test("two devices that write one line differently are refused in words", () =>
    bench(async ({ device, open }) => {
      const points = [pointOf("holding:1", "uint16", 50)];
      await open(points);
      await assert.rejects(open(points, settingsFor(device, { concurrent: 2 })), SettingsRefused);
    }));

  test("a poll that takes longer than its interval is made once, and the missed ones are charged", () =>
    bench(async ({ device, told, open }) => {
      const session = await open([pointOf("holding:1", "uint16", 50)], settingsFor(device));
      device.whim = () => ({ delayMs: 130 });
      const rows = await readUntil(session, (all) => all.length >= 5);
      assert.ok(told.lost.some((loss) => loss.reason === "device overload"));
      assert.ok(told.lost.every((loss) => loss.point === -1));
      assert.deepEqual(told.blamed, []);
      assertBalance(told, rows);
    }));

  test("an answer that is damaged loses its readings and nothing else", () =>
    bench(async ({ device, told, open }) => {
      const session = await open([
        pointOf("holding:1", "uint16", 50),
        pointOf("input:9", "uint16", 50),
      ]);
      device.holding[1] = 7;
      let spoilt = 0;
      device.whim = (heard) => {
        if (heard.fn !== 3 || heard.address !== 1 || spoilt++ !== 1) return undefined;
        return {
          spoil: (frame) => {
            frame[3] = (frame[3] ?? 0) ^ 0x40;
            return frame;
          },
        };
      };
      const rows = await readUntil(session, (all) => count(all, 0) >= 5);
      assert.ok(rows.slice(2).every((row) => row.point === 1 || row.value === 7));
      assert.ok(told.lost.some((loss) => loss.reason === "link lost" && loss.point === 0));
      assertBalance(told, rows);
    }, "rtu-over-tcp"));
});

describe("writing", () => {
  test("32 bits and more go in one request, bits by mask write, and nobody else's bits change", () =>
    bench(async ({ device, open }) => {
      const session = await open([
        pointOf("holding:10", "uint32", 1_000, { order: "CDAB" }),
        pointOf("holding:20", "bool", 1_000, { bit: "3" }),
        pointOf("coil:5", "bool", 1_000),
        pointOf("holding:30", "int16", 1_000),
      ]);
      device.holding[20] = 0b1111_0000;
      assert.deepEqual(await session.write(0, 0x1234_5678, never), { kind: "accepted" });
      assert.deepEqual([...device.holding.slice(10, 12)], [0x5678, 0x1234]);
      assert.deepEqual(await session.write(1, true, never), { kind: "accepted" });
      assert.equal(device.holding[20], 0b1111_1000);
      assert.deepEqual(await session.write(2, true, never), { kind: "accepted" });
      assert.equal(device.coil[5], 1);
      assert.deepEqual(await session.write(3, -2, never), { kind: "accepted" });
      assert.equal(device.holding[30], 0xfffe);
      const functions = device.heard.map((heard) => heard.fn).filter((fn) => fn > 4);
      assert.deepEqual(functions, [16, 22, 5, 6]);
    }));

  test("a device without mask write refuses a bit; the word is never read, changed and written", () =>
    bench(async ({ device, open }) => {
      device.whim = (heard) => (heard.fn === 22 ? { exception: 1 } : undefined);
      const session = await open([pointOf("holding:20", "bool", 1_000, { bit: "3" })]);
      const outcome = await session.write(0, true, never);
      assert.equal(outcome.kind, "refused");
      assert.deepEqual(
        device.heard.map((heard) => heard.fn),
        [3, 22],
      );
    }));

  test("a device without function 6 is written with function 16", () =>
    bench(async ({ device, open }) => {
      device.whim = (heard) => (heard.fn === 6 ? { exception: 1 } : undefined);
      const session = await open([pointOf("holding:20", "uint16", 1_000)]);
      assert.deepEqual(await session.write(0, 9, never), { kind: "accepted" });
      assert.equal(device.holding[20], 9);
    }));

  test("what the device may have done is unknown: failed half way, still working, lost behind a gateway", () =>
    bench(async ({ device, open }) => {
      const session = await open([pointOf("holding:20", "uint16", 1_000)]);
      const outcomes: string[] = [];
      for (const exception of [2, 3, 4, 5, 6, 10, 11]) {
        device.whim = () => ({ exception });
        outcomes.push((await session.write(0, 9, never)).kind);
      }
      assert.deepEqual(outcomes, [
        "refused",
        "refused",
        "unknown",
        "unknown",
        "refused",
        "refused",
        "unknown",
      ]);
    }));
});
