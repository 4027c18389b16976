import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { parseWindows, toWindowParts, windowLengths, type WindowLength } from "./window-address.ts";

const plain = { noNullPrototype: true };
const rule = fc.oneof(
  fc.record({ kind: fc.constant("alarm" as const), id: fc.string({ minLength: 1 }) }, plain),
  fc.record({ kind: fc.constant("episode" as const), class: fc.string({ minLength: 1 }) }, plain),
  fc.record(
    {
      kind: fc.constantFrom("above" as const, "below" as const),
      limit: fc.double({ noNaN: true, noDefaultInfinity: true }).map((limit) => limit + 0),
      leastUs: fc.integer({ min: 0, max: 86_400 }).map((seconds) => seconds * 1e6),
    },
    plain,
  ),
);

test("what is laid over each other comes back from its address as it was", () => {
  const length = fc.constantFrom(...(Object.keys(windowLengths) as WindowLength[]));
  fc.assert(
    fc.property(length, fc.option(rule, { nil: undefined }), (one, of) => {
      const asked = { length: one, rule: of };
      // As an address has it: one text, whose parts stand between signs that a name may hold as well.
      const text = toWindowParts(asked).join("~");
      assert.deepEqual(parseWindows(text.split("~")), asked);
    }),
  );
});

test("an address that says nothing of it, or says it wrongly, asks for nothing", () => {
  assert.equal(parseWindows(["7d"]), undefined);
  assert.deepEqual(parseWindows(["each"]), { length: "1h", rule: undefined });
  for (const text of ["alarm", "above", "above~", "above~x", "above~1~-5", "else~1"]) {
    assert.equal(parseWindows(["each", "8h", ...text.split("~")])?.rule, undefined, text);
  }
});
