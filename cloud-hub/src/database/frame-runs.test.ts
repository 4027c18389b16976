import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { cutRuns, framesOfRow, rowBytes, runFramesMax } from "./frame-runs.ts";

const frame = fc.record({
  step: fc.constantFrom(1, 1, 1, 1, 2),
  joins: fc.constantFrom(true, true, true, false),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

test("whatever is cut into rows comes back frame by frame, and no row has a hole or a frame that must stand alone", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 200 }), (made) => {
      let seq = 0;
      const frames = made.map(({ step, ...one }) => ({ ...one, seq: (seq += step) }));
      const runs = cutRuns(frames, ({ joins }) => joins);
      assert.deepEqual(runs.flat(), frames);
      for (const run of runs) {
        assert.ok(run.length <= runFramesMax);
        assert.ok(run.length === 1 || run.every(({ joins }) => joins));
        assert.equal((run.at(-1)?.seq ?? NaN) - (run[0]?.seq ?? NaN), run.length - 1);
        const back = framesOfRow(rowBytes(run), run.length > 1 ? 1n : null);
        assert.deepEqual(
          back.map((bytes) => Uint8Array.from(bytes)),
          run.map(({ bytes }) => bytes),
        );
      }
    }),
  );
});

test("a length that the disk has changed costs the frames behind it and not those before", () => {
  // Bytes that nothing can pack.
  const frames = [1, 2, 3].map((seq) => ({
    seq,
    bytes: Uint8Array.from({ length: 10 }, (_, at) => (seq * 97 + at * at * 41) % 251),
  }));
  const bytes = rowBytes(frames);
  assert.equal(bytes.length, 1 + 3 * 14, "it is kept as it is");
  bytes[17] = 0xff;
  const back = framesOfRow(bytes, 1n);
  assert.equal(back.length, 2);
  assert.deepEqual(Uint8Array.from(back[0] ?? []), frames[0]?.bytes);
});

test("heads that are alike are kept once, and a row that cannot be unpacked is no frame", () => {
  const frames = Array.from({ length: 20 }, (_, at) => ({
    seq: at + 1,
    bytes: Uint8Array.from({ length: 200 }, (_byte, place) => (place < 100 ? place : at * place)),
  }));
  const bytes = rowBytes(frames);
  assert.ok(bytes.length < 20 * 150, `${bytes.length} bytes`);
  assert.equal(framesOfRow(bytes, 1n).length, 20);
  bytes[0] = 9;
  assert.deepEqual(framesOfRow(bytes, 1n), [bytes]);
  bytes[0] = 1;
  bytes.fill(0xff, 1, 20);
  assert.deepEqual(framesOfRow(bytes, 1n), [bytes]);
});
