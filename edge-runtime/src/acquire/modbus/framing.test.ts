import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom, systemClock } from "@millwright/kit";
import fc from "fast-check";

import type { Exchange, Outcome, Wire } from "./conversation.ts";
import { rememberLateAnswers } from "./late-answers.ts";
import { mbapFrame, MbapReader } from "./mbap.ts";
import { judgeAnswer, readQuestion, writeRegistersQuestion, type Question } from "./pdu.ts";
import { crc16, judgeRtu, rtuFrame, silenceMs } from "./rtu-frame.ts";
import { RtuConversation } from "./rtu-conversation.ts";
import { TcpConversation } from "./tcp-conversation.ts";

const bytes = fc.uint8Array({ maxLength: 300 });
const pdu = fc.uint8Array({ minLength: 1, maxLength: 253 });

describe("Modbus TCP framing", () => {
  test("frames come back as they were sent, however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(65_535), fc.nat(255), pdu), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map((frame) => mbapFrame(...frame)));
          const seen: [number, number, Uint8Array][] = [];
          const reader = new MbapReader();
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            const broken = reader.read(
              stream.subarray(at, at + size),
              (transaction, unit, body) => {
                seen.push([transaction, unit, Uint8Array.from(body)]);
              },
            );
            assert.equal(broken, undefined);
            at += size;
          }
          assert.deepEqual(seen, frames);
        },
      ),
    );
  });

  test("a stream that is not Modbus TCP is said to be broken", () => {
    const reader = new MbapReader();
    const http = Buffer.from("HTTP/1.1 400 Bad Request\r\n");
    assert.match(reader.read(http, () => undefined) ?? "", /protocol/);
  });
});

describe("Modbus RTU framing", () => {
  test("the checksum is that of the serial line guide", () => {
    // 02 07 answers to the example of the guide (6.2.2): CRC 0x1241.
    assert.equal(crc16(Uint8Array.of(0x02, 0x07)), 0x1241);
  });

  test("silence is 3.5 characters, and fixed above 19,200 baud", () => {
    assert.ok(Math.abs(silenceMs(9_600) - 4.01) < 0.01);
    assert.equal(silenceMs(115_200), 1.75);
  });

  test("an answer is known when its last byte came, and not before", () => {
    const question = readQuestion(7, 3, 0, 3);
    const frame = rtuFrame(7, Uint8Array.of(3, 6, 0, 1, 0, 2, 0, 3));
    for (let length = 0; length < frame.length; length++) {
      assert.equal(judgeRtu(question, frame.subarray(0, length)), undefined);
    }
    assert.equal(judgeRtu(question, frame)?.kind, "answer");
    assert.equal(judgeRtu(question, Buffer.concat([frame, frame]))?.kind, "garbled");
  });

  test("one changed bit anywhere is never an answer", () => {
    const question = readQuestion(7, 3, 0, 3);
    const frame = rtuFrame(7, Uint8Array.of(3, 6, 0, 1, 0, 2, 0, 3));
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const spoilt = frame.slice();
      spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(judgeRtu(question, spoilt)?.kind, "answer");
    }
  });
});

describe("an answer", () => {
  test("is only taken when function, length, byte count and echo are those of the question", () => {
    const read = readQuestion(1, 3, 0, 2);
    assert.equal(judgeAnswer(read, Uint8Array.of(3, 4, 0, 1, 0, 2)).kind, "answer");
    assert.deepEqual(judgeAnswer(read, Uint8Array.of(0x83, 2)), { kind: "exception", code: 2 });
    for (const wrong of [
      [4, 4, 0, 1, 0, 2],
      [3, 2, 0, 1],
      [3, 6, 0, 1, 0, 2],
      [3, 4, 0, 1, 0],
      [0x83],
      [],
    ]) {
      assert.equal(judgeAnswer(read, Uint8Array.from(wrong)).kind, "garbled");
    }
    const write = writeRegistersQuestion(1, 5, Uint8Array.of(1, 2, 3, 4));
    assert.equal(judgeAnswer(write, Uint8Array.of(16, 0, 5, 0, 2)).kind, "answer");
    assert.equal(judgeAnswer(write, Uint8Array.of(16, 0, 6, 0, 2)).kind, "garbled");
  });
});

/** A wire that keeps what is sent and says what came of it. */
function played(): { wire: Wire; sent: Uint8Array[]; broken: string[] } {
  const sent: Uint8Array[] = [];
  const broken: string[] = [];
  return {
    sent,
    broken,
    wire: {
      clock: systemClock,
      send: (frame) => sent.push(frame.slice()),
      over: () => undefined,
      free: () => undefined,
      broken: (what) => broken.push(what),
    },
  };
}

function asking(question: Question): { exchange: Exchange; outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  return {
    outcomes,
    exchange: { question, timeoutMs: 60_000, done: (outcome) => outcomes.push(outcome) },
  };
}

describe("whatever comes", () => {
  // Seeded: a failure prints its seed, and 3,000 runs take well under a second.
  const runs = { numRuns: 3_000, seed: 20_261_121 };

  test("Modbus TCP never throws, never answers twice, and never takes another transaction's answer", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (chunks) => {
        const { wire, broken } = played();
        const conversation = new TcpConversation(wire, 4);
        const asked = [0, 1, 2, 3].map((at) => asking(readQuestion(1, 3, at * 10, 2)));
        conversation.ask(asked.map(({ exchange }) => exchange));
        for (const chunk of chunks) if (broken.length === 0) conversation.received(chunk);
        for (const { outcomes } of asked) assert.ok(outcomes.length <= 1);
        conversation.close();
        for (const { outcomes } of asked) assert.equal(outcomes.length, 1);
      }),
      runs,
    );
  });

  test("valid answers in any order reach those who asked, and strangers reach nobody", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8]), fc.nat(1_000), (order, seed) => {
        const { wire } = played();
        const conversation = new TcpConversation(wire, 8);
        const asked = order.map((_, at) => asking(readQuestion(1, 3, at, 1)));
        conversation.ask(asked.map(({ exchange }) => exchange));
        const random = seededRandom(seed);
        // Transactions are numbered from 1 in the order of asking; strangers bear numbers that nobody gave out.
        const numbers = order.filter((number) => number <= asked.length);
        for (const number of [...numbers, 100 + random.int(1_000)]) {
          conversation.received(mbapFrame(number, 1, Uint8Array.of(3, 2, 0, number)));
        }
        asked.forEach(({ outcomes }, at) => {
          const outcome = outcomes[0];
          if (outcome === undefined) return;
          assert.ok(outcome.kind === "answer");
          assert.equal(outcome.pdu[3], at + 1);
        });
        conversation.close();
      }),
      runs,
    );
  });

  test("Modbus RTU never throws, and noise is never an answer", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.boolean(), (chunks, owing) => {
        const { wire } = played();
        const late = rememberLateAnswers(1_000);
        if (owing) late.owes(1, 4, systemClock.monotonicMs());
        const conversation = new RtuConversation(
          wire,
          { baudRate: 115_200, turnaroundMs: 1 },
          late,
        );
        const { exchange, outcomes } = asking(readQuestion(1, 3, 0, 2));
        conversation.ask([exchange]);
        for (const chunk of chunks) conversation.received(chunk);
        conversation.close();
        assert.equal(outcomes.length, 1);
        assert.ok(outcomes[0]?.kind === "garbled" || outcomes[0]?.kind === "lost");
      }),
      runs,
    );
  });

  test("a damaged RTU answer is never taken for a whole one", () => {
    const question = readQuestion(1, 3, 0, 4);
    const frame = rtuFrame(1, Uint8Array.of(3, 8, 1, 2, 3, 4, 5, 6, 7, 8));
    fc.assert(
      // Bursts of up to 16 bits are what this CRC finds for certain.
      fc.property(fc.nat(frame.length - 3), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const spoilt = frame.slice();
        spoilt[at] = (spoilt[at] ?? 0) ^ mask;
        assert.notEqual(judgeRtu(question, spoilt)?.kind, "answer");
      }),
      runs,
    );
  });
});
