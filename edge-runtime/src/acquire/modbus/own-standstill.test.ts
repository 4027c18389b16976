import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { seededRandom, systemClock, type Clock } from "@millwright/kit";

import type { Exchange, Outcome } from "./conversation.ts";
import { rememberLateAnswers } from "./late-answers.ts";
import { Line, type Converse } from "./line.ts";
import { readQuestion } from "./pdu.ts";
import { crc16 } from "./rtu-frame.ts";
import { RtuConversation } from "./rtu-conversation.ts";
import { parsePoint, isRefused } from "./addresses.ts";
import { ModbusSession } from "./session.ts";
import { modbusSettings } from "./settings.ts";
import { TcpConversation } from "./tcp-conversation.ts";
import { pointOf, Told } from "./test-points.ts";
import { openTransport } from "./transport.ts";

const timeoutMs = 50;

const converse: { readonly tcp: Converse; readonly "rtu-over-tcp": Converse } = {
  tcp: (wire) => new TcpConversation(wire, 1),
  "rtu-over-tcp": (wire) =>
    new RtuConversation(
      wire,
      { baudRate: 115_200, turnaroundMs: 10 },
      rememberLateAnswers(10 * timeoutMs),
    ),
};

/** A device that goes on while we stand still: it answers one question, and says in shared memory when it has. */
const device = `
  const { createServer } = require("node:net");
  const { parentPort, workerData: { answered, tcp, crc } } = require("node:worker_threads");
  createServer((socket) => {
    socket.on("data", (heard) => {
      const pdu = Uint8Array.of(3, 2, 1, 7);
      const frame = tcp
        ? Uint8Array.of(heard[0], heard[1], 0, 0, 0, 5, 1, ...pdu)
        : Uint8Array.of(1, ...pdu, ...crc);
      socket.write(frame, () => {
        Atomics.store(answered, 0, 1);
        Atomics.notify(answered, 0);
      });
    });
  }).listen(0, "127.0.0.1", function () { parentPort.postMessage(this.address().port); });
`;

for (const framing of ["tcp", "rtu-over-tcp"] as const) {
  test(`${framing}: who stood still himself looks at what has come before he says that the device is silent`, async (t) => {
    const answered = new Int32Array(new SharedArrayBuffer(4));
    const crc = crc16(Uint8Array.of(1, 3, 2, 1, 7));
    const worker = new Worker(device, {
      eval: true,
      workerData: { answered, tcp: framing === "tcp", crc: [crc & 0xff, crc >> 8] },
    });
    t.after(() => worker.terminate());
    const port = await new Promise<number>((resolve) => worker.once("message", resolve));

    const line = new Line(systemClock, seededRandom("line"), converse[framing]);
    const settings = modbusSettings.parse({ framing, host: "127.0.0.1", port });
    const transport = await openTransport(settings, "cell", {
      data: (chunk) => {
        line.received(chunk);
      },
      closed: () => undefined,
    });
    t.after(() => {
      line.fail(new Error("the test is over"));
    });
    line.attach(transport);
    const outcome = await new Promise<Outcome["kind"]>((resolve) => {
      const exchange: Exchange = {
        question: readQuestion(1, 3, 0, 1),
        timeoutMs,
        done: ({ kind }) => {
          resolve(kind);
        },
      };
      line.submit([exchange]);
      // Nothing is read between the question and the end of its time.
      Atomics.wait(answered, 0, 0, 60_000);
      const untilMs = systemClock.monotonicMs() + 2 * timeoutMs;
      while (systemClock.monotonicMs() < untilMs);
    });
    assert.equal(outcome, "answer");
  });
}

test("polls for which who stood still came late are not those that the device was too busy for", async () => {
  let nowMs = 0;
  const alarms = new Set<() => void>();
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    after(_ms, ring) {
      alarms.add(ring);
      return () => alarms.delete(ring);
    },
  };
  let isSlow = false;
  let answer = (): void => undefined;
  const answers: Converse = (wire) => ({
    room: 1,
    ask: (exchanges) => {
      answer = () => {
        for (const exchange of exchanges) {
          const outcome = { kind: "answer", pdu: Uint8Array.of(3, 2, 0, 7) } as const;
          wire.over(exchange, outcome, nowMs);
          exchange.done(outcome);
        }
      };
      if (!isSlow) answer();
    },
    received: () => undefined,
    close: () => undefined,
  });
  const settings = modbusSettings.parse({ framing: "tcp", host: "127.0.0.1" });
  const point = parsePoint(settings, pointOf("holding:1", "uint16", 1_000), 0);
  assert.ok(!isRefused(point));
  const line = new Line(clock, seededRandom("line"), answers);
  line.attach({ write: () => undefined, close: () => undefined });
  const told = new Told();
  const use = { line, leave: () => Promise.resolve() };
  const session = new ModbusSession(settings, [point], use, { ...told.context, clock });
  const stop = new AbortController();
  const batches = session.readings(stop.signal)[Symbol.asyncIterator]();
  assert.equal((await batches.next()).value?.count, 1);

  const standStill = async (untilMs: number): Promise<void> => {
    await nextTurn();
    nowMs = untilMs;
    for (const ring of alarms) ring();
    await nextTurn();
  };

  // Nothing was under way: the next poll was due at 1,000 ms.
  let next = batches.next();
  await standStill(5_200);
  assert.equal((await next).value?.count, 1);
  assert.deepEqual(told.lost.splice(0), [{ point: -1, count: 4, reason: "queue full" }]);

  // A question was under way, of 6,000 ms.
  isSlow = true;
  next = batches.next();
  await standStill(6_001);
  await standStill(9_200);
  answer();
  assert.equal((await next).value?.count, 1);
  next = batches.next();
  await nextTurn();
  assert.deepEqual(told.lost.splice(0), [{ point: -1, count: 2, reason: "queue full" }]);

  // It is the device that takes its time, and we are there at each poll that falls due.
  for (const ms of [10_001, 11_001, 12_001]) await standStill(ms);
  answer();
  assert.equal((await next).value?.count, 1);
  next = batches.next();
  await nextTurn();
  assert.deepEqual(told.lost, [{ point: -1, count: 2, reason: "device overload" }]);
  stop.abort();
  answer();
  await next;
});
