import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeEvents,
  encodeEvents,
  eventJsonBytesMax,
  toEventLine,
  toEventRecord,
  type EventLine,
} from "./event-codec.ts";
import { eventKinds, type NewEvent } from "./event.ts";

const raised: NewEvent = {
  kind: "alarm",
  atUs: 1_767_225_600_000_000,
  asset: "Spindle 1",
  subject: "bearing-hot",
  body: {
    transition: "raised",
    state: "unacknowledged",
    priority: 2,
    message: "Bearing above 80 °C",
    raisedUs: 0,
  },
};

function line(json: string, change: Partial<EventLine> = {}): EventLine {
  return { number: 1, kind: 1, atUs: 0, asset: "", subject: "", json, ...change };
}

function refusal(lines: readonly EventLine[]): string {
  const read = decodeEvents(encodeEvents({ journalUs: 0, lines }));
  return "reason" in read ? read.reason : "";
}

test("events are read as they were written, whatever they say", () => {
  const name = fc
    .string({ unit: "grapheme", maxLength: 40 })
    .filter((text) => !text.includes("\0"));
  const anyEvent = fc.record({
    number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    kind: fc.constantFrom(...Object.values(eventKinds)),
    atUs: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    asset: name,
    subject: name,
    json: fc
      .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 5 })
      .map((body) => JSON.stringify(body)),
  });
  fc.assert(
    fc.property(fc.nat(), fc.array(anyEvent, { maxLength: 20 }), (journalUs, lines) => {
      const read = decodeEvents(encodeEvents({ journalUs, lines }));
      assert.deepEqual(read, { journalUs, lines: lines.map((one) => ({ ...one })) });
    }),
  );
});

test("an event comes back with its kind and its body", () => {
  const read = decodeEvents(encodeEvents({ journalUs: 5, lines: [toEventLine(raised, 17)] }));
  assert(!("reason" in read));
  assert.deepEqual(read.lines.map(toEventRecord), [{ ...raised, number: 17 }]);
});

test("an event of a kind that is not known yet is passed over, and those beside it are read", () => {
  const read = decodeEvents(
    encodeEvents({
      journalUs: 5,
      lines: [
        toEventLine(raised, 1),
        line('{"new":true}', { number: 2, kind: 99 }),
        toEventLine(raised, 3),
      ],
    }),
  );
  assert(!("reason" in read));
  assert.deepEqual(
    read.lines.flatMap((one) => toEventRecord(one)?.number ?? []),
    [1, 3],
  );
  assert.equal(read.lines.length, 3);
});

test("an event that is none is refused, with what is wrong in words", () => {
  assert.match(refusal([line("{")]), /no JSON/);
  assert.match(refusal([line("[]")]), /no object/);
  assert.match(refusal([line("null")]), /no object/);
  assert.match(refusal([line("{}", { number: 0 })]), /no number/);
  assert.match(refusal([line("{}", { kind: 0 })]), /no kind/);
  assert.match(refusal([line("")]), /says nothing/);
  assert.match(refusal([line("{}", { subject: "a\0b" })]), /name/);
  assert.match(refusal([line(`{"a":"${"x".repeat(eventJsonBytesMax)}"}`)]), /too much/);
  assert.match(
    refusal([line(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`)]),
    /nested too deep/,
  );
});
