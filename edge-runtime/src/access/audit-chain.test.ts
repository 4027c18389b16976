import assert from "node:assert/strict";
import { test } from "node:test";

import type { AuditEntry } from "@millwright/wire-contract/events";
import fc from "fast-check";

import {
  chainBegin,
  chained,
  ChainWalk,
  headOf,
  type ChainFound,
  type ChainedEntry,
  type ChainHead,
} from "./audit-chain.ts";

type Note = Omit<AuditEntry, "index" | "chain">;

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const note: fc.Arbitrary<Note> = fc.record(
  {
    person: text,
    device: text,
    act: text,
    object: text,
    before: text,
    after: text,
    reason: text,
    result: fc.constantFrom("done", "refused", "failed"),
    why: text,
  },
  { requiredKeys: ["person", "device", "act", "object", "result"] },
);
const notes = fc.array(fc.tuple(fc.nat(2 ** 52), note), { minLength: 1, maxLength: 8 });

function chainOf(list: readonly (readonly [number, Note])[]): readonly ChainedEntry[] {
  let head: ChainHead = chainBegin;
  return list.map(([atUs, body]) => {
    const entry = chained(head, { atUs, asset: "", subject: body.person, body });
    head = headOf(entry);
    return entry;
  });
}

function lastOf(entries: readonly ChainedEntry[]): ChainHead {
  const last = entries.at(-1);
  return last === undefined ? chainBegin : headOf(last);
}

function verifyChain(entries: readonly ChainedEntry[], anchor: ChainHead): ChainFound {
  const walk = new ChainWalk(anchor, true);
  for (const entry of entries.toReversed()) walk.take(entry);
  return walk.end();
}

test("a chain as it was written is verified", () => {
  fc.assert(
    fc.property(notes, (list) => {
      const entries = chainOf(list);
      assert.deepEqual(verifyChain(entries, lastOf(entries)), { entries: list.length, from: 1 });
    }),
  );
});

test("every change of a single byte is found", () => {
  fc.assert(
    fc.property(notes, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, place, flip) => {
      const entries = chainOf(list);
      const bytes = Buffer.from(JSON.stringify(entries));
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      let changed: readonly ChainedEntry[];
      try {
        const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
        changed = JSON.parse(utf8.decode(bytes)) as readonly ChainedEntry[];
        assert.deepEqual(Object.keys(changed).length, entries.length);
        changed.forEach((entry) => assert.equal(typeof entry.body.index, "number"));
      } catch {
        return; // Nobody takes it for an entry.
      }
      // JSON has two ways to write some letters; the same words are no change.
      fc.pre(JSON.stringify(changed) !== JSON.stringify(entries));
      assert.notEqual(verifyChain(changed, lastOf(entries)).broken, undefined);
    }),
    { numRuns: 1_000 },
  );
});

test("each byte of a chain, changed by itself, is found", () => {
  const entries = chainOf([
    [
      1_800_000_000_000_000,
      { person: "ada", device: "::1", act: "a", object: "o", result: "done" },
    ],
    [
      1_800_000_000_000_001,
      { person: "bob", device: "::1", act: "b", object: "", result: "failed", why: "y" },
    ],
  ]);
  const text = JSON.stringify(entries);
  let parsed = 0;
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "1" ? "2" : "1";
    let changed: readonly ChainedEntry[];
    try {
      changed = JSON.parse(`${text.slice(0, at)}${other}${text.slice(at + 1)}`) as typeof changed;
    } catch {
      continue;
    }
    parsed++;
    let broken: unknown = "no entry";
    try {
      broken = verifyChain(changed, lastOf(entries)).broken;
    } catch {
      // A field that an entry cannot do without has lost its name.
    }
    assert.notEqual(broken, undefined, `byte ${at} of ${text}`);
  }
  assert.ok(parsed > 300, `${parsed} changes could be read`);
});

test("every truncation is found, at the end, at the beginning and between", () => {
  fc.assert(
    fc.property(notes, fc.nat(), fc.nat(), (list, from, count) => {
      const entries = chainOf(list);
      const at = from % entries.length;
      const gone = 1 + (count % (entries.length - at));
      const left = entries.toSpliced(at, gone);
      assert.notEqual(verifyChain(left, lastOf(entries)).broken, undefined);
    }),
  );
});

test("entries that changed places are found", () => {
  fc.assert(
    fc.property(notes, fc.nat(), (list, place) => {
      fc.pre(list.length > 1);
      const entries = [...chainOf(list)];
      const at = place % (entries.length - 1);
      entries.splice(at, 2, ...entries.slice(at, at + 2).toReversed());
      assert.notEqual(verifyChain(entries, lastOf(chainOf(list))).broken, undefined);
    }),
  );
});

test("without the anchor the end can be cut off, which is what the anchor is for", () => {
  const entries = chainOf([
    [1, { person: "ada", device: "", act: "a", object: "", result: "done" }],
    [2, { person: "ada", device: "", act: "b", object: "", result: "done" }],
  ]);
  assert.equal(verifyChain(entries.slice(0, 1), chainBegin).broken, undefined);
  assert.deepEqual(verifyChain(entries.slice(0, 1), lastOf(entries)).broken, {
    index: 2,
    what: "entries 2 to 2 are missing at the end",
  });
});

test("where the hub has the oldest entries, the others are verified without them", () => {
  const entries = chainOf([
    [1, { person: "ada", device: "", act: "a", object: "", result: "done" }],
    [2, { person: "ada", device: "", act: "b", object: "", result: "done" }],
    [3, { person: "ada", device: "", act: "c", object: "", result: "done" }],
  ]);
  const walk = new ChainWalk(lastOf(entries), false);
  for (const entry of entries.slice(1).toReversed()) walk.take(entry);
  assert.deepEqual(walk.end(), { entries: 2, from: 2 });
});

test("entries kept after the last anchor hold when they follow it", () => {
  const entries = chainOf([
    [1, { person: "ada", device: "", act: "a", object: "", result: "done" }],
    [2, { person: "ada", device: "", act: "b", object: "", result: "done" }],
  ]);
  assert.equal(verifyChain(entries, lastOf(entries.slice(0, 1))).broken, undefined);
});
