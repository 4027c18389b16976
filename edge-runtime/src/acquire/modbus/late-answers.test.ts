import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";

import { severityOf } from "@millwright/wire-contract";

import type { Driver, DriverSession, PointSettings } from "../driver.ts";
import { DeviceUnreachable, LinkLost } from "../faults.ts";
import { rememberLateAnswers } from "./late-answers.ts";
import { createModbusDriver, modbusDriver } from "./modbus-driver.ts";
import { RtuConversation } from "./rtu-conversation.ts";
import type { ModbusSettings } from "./settings.ts";
import { TcpConversation } from "./tcp-conversation.ts";
import { TestDevice } from "./test-device.ts";
import { pointOf, rowsOf, settingsFor, Told, type Row } from "./test-points.ts";

/**
 * The control: Modbus without its guards. One transaction number for all; no draining, and nobody remembers who owes.
 */
const unguarded = createModbusDriver((settings) => (wire) => {
  if (settings.framing === "tcp") return new TcpConversation(wire, 1, () => 7);
  return new RtuConversation(
    wire,
    { baudRate: settings.baudRate, turnaroundMs: 0 },
    {
      owes: () => undefined,
      answered: () => undefined,
      owing: () => false,
      before: () => "ask",
    },
  );
});

const timeoutMs = 60;

/**
 * Two registers that cannot be read in one request hold 1,000 and 2,000. Every question for the first is answered late
 * by `delayMs`, `times` times; then the device is quick again.
 *
 * @returns rows in which a good value landed in the wrong tag
 */
async function strayValues(
  driver: Driver<ModbusSettings>,
  framing: ModbusSettings["framing"],
  delayMs: number,
  times: number,
): Promise<readonly Row[]> {
  const device = await TestDevice.start(framing);
  try {
    device.holding[10] = 1_000;
    device.holding[500] = 2_000;
    let late = 0;
    let armed = false;
    device.whim = (heard) => {
      // Thinking for a while keeps a late answer and the one after it from coming in one piece.
      const isLate = armed && heard.fn === 3 && heard.address === 10 && late < times;
      if (!isLate) return { delayMs: 5 };
      late++;
      return { delayMs };
    };
    const settings = settingsFor(device, {
      timeoutMs,
      ...(framing === "tcp" ? {} : { turnaroundMs: 10 }),
    });
    const points = [pointOf("holding:10", "uint16", 50), pointOf("holding:500", "uint16", 50)];
    const rows: Row[] = [];
    // A device that is late for long looks dead; then the link is lost and opened again, as the supervisor does it.
    for (let conversation = 0; conversation < 20; conversation++) {
      const found = await converse(driver, settings, points, rows, () => {
        armed = true;
        return late >= times;
      });
      if (found) break;
    }
    const expected = [1_000, 2_000];
    return rows.filter(
      (row) => severityOf(row.status) === "good" && row.value !== expected[row.point],
    );
  } finally {
    await device.stop();
  }
}

/**
 * One conversation, until ten more rows came after the last late answer was provoked.
 *
 * @returns false when it ended before that
 */
async function converse(
  driver: Driver<ModbusSettings>,
  settings: ModbusSettings,
  points: readonly PointSettings[],
  rows: Row[],
  isOver: () => boolean,
): Promise<boolean> {
  const stop = new AbortController();
  let session: DriverSession;
  try {
    session = await driver.open(settings, points, new Told().context, stop.signal);
  } catch (failure) {
    assert.ok(failure instanceof DeviceUnreachable);
    return false;
  }
  let after = 0;
  try {
    for await (const batch of session.readings(stop.signal)) {
      rows.push(...rowsOf(batch));
      if (isOver()) after += batch.count;
      if (after >= 10) stop.abort();
    }
    return true;
  } catch (failure) {
    assert.ok(failure instanceof LinkLost);
    return false;
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

function hasSocat(): boolean {
  try {
    execFileSync("socat", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

for (const framing of ["tcp", "rtu-over-tcp", "rtu"] as const) {
  const options =
    framing === "rtu" && !hasSocat() ? { skip: "socat is not installed" } : { timeout: 300_000 };
  describe(`late answers in ${framing}`, options, () => {
    for (const factor of [1.3, 1.8, 2.5]) {
      test(`an answer that comes ${factor} time-outs late never lands in another tag`, async () => {
        assert.deepEqual(await strayValues(modbusDriver, framing, timeoutMs * factor, 2), []);
      });
    }

    test("the control without guards does mistake a late answer for another one", async () => {
      // On a busy machine a late answer may come too late to be mistaken; in many tries one is.
      let stray: readonly Row[] = [];
      for (let attempt = 0; attempt < 50 && stray.length === 0; attempt++) {
        stray = await strayValues(unguarded, framing, timeoutMs * 1.3, 2);
      }
      assert.ok(stray.length > 0, "the test cannot see what it is for");
    });
  });
}

test("a function whose answer is owed is not used before another one was answered", () => {
  const late = rememberLateAnswers(1_000);
  assert.equal(late.before(1, 3, 0), "ask");
  late.owes(1, 3, 0);
  assert.equal(late.before(1, 3, 1), 4);
  assert.equal(late.before(1, 4, 1), "ask");
  assert.equal(late.before(2, 3, 1), "ask", "another unit owes nothing");
  late.owes(1, 4, 2);
  late.owes(1, 1, 3);
  assert.equal(late.before(1, 3, 4), 2);
  late.owes(1, 2, 5);
  assert.equal(late.before(1, 3, 6), "wait");
  late.answered(1);
  assert.equal(late.before(1, 3, 7), "ask");
});

test("what is owed is forgotten after its time", () => {
  const late = rememberLateAnswers(1_000);
  late.owes(1, 3, 0);
  assert.equal(late.before(1, 3, 1_000), 4);
  assert.equal(late.before(1, 3, 1_001), "ask");
  assert.equal(late.owing(1), false);
});
