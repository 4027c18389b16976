import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, systemClock } from "@millwright/kit";

import { createRedaction } from "./redact.ts";
import { writeDiagnostics, type Section } from "./write-diagnostics.ts";

const nothing = createRedaction([]);

async function written(...sections: readonly Section[]): Promise<Record<string, unknown>> {
  const { signal } = new AbortController();
  const text = await writeDiagnostics(sections, nothing, systemClock, signal);
  return JSON.parse(text) as Record<string, unknown>;
}

test("a section that cannot be had says why, and the others are there", async () => {
  const made = await written(
    { name: "one", bytesMax: 100, read: () => ({ a: 1 }) },
    {
      name: "two",
      bytesMax: 100,
      read() {
        throw new Error("the disk is gone");
      },
    },
    { name: "three", bytesMax: 100, list: () => [1, 2] },
    { name: "four", bytesMax: 100, read: () => undefined },
  );
  assert.deepEqual(made, {
    one: { a: 1 },
    two: { failed: "the disk is gone" },
    three: { entries: [1, 2], more: false },
    four: null,
  });
});

test("a list is read as far as there is room, and no further; what is whole or nothing says how large it is", async () => {
  let read = 0;
  function* endless(): Iterable<string> {
    for (;;) {
      read++;
      yield "x".repeat(96);
    }
  }
  const { list, whole } = await written(
    { name: "list", bytesMax: 1_000, list: endless },
    { name: "whole", bytesMax: 1_000, read: () => "x".repeat(2_000) },
  );
  assert.deepEqual(list, { entries: Array(10).fill("x".repeat(96)), more: true });
  assert.equal(read, 11);
  assert.deepEqual(whole, { failed: "2002 bytes are too many to be shown" });
});

test("a section that does not answer is given up, and those after it with it", async () => {
  const clock = new PlayedClock();
  const never: Section = { name: "never", bytesMax: 10, read: () => new Promise(() => undefined) };
  const made = writeDiagnostics([never], nothing, clock, new AbortController().signal);
  await clock.advance(10_000);
  assert.deepEqual(JSON.parse(await made), { never: { failed: "no answer within 10 s" } });
});
