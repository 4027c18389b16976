import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { TagBook, tagIn, toTagColumns } from "./tag-book.ts";
import { makeTag, tagId, valueTypes } from "./test-tags.ts";

const fields = fc.record({
  name: fc.string(),
  unit: fc.constantFrom("", "bar", "Cel"),
  type: fc.constantFrom(...valueTypes),
  decimals: fc.integer({ min: 0, max: 3 }),
  offset: fc.constantFrom(0, -0, 1.5),
  low: fc.constantFrom(Number.NaN, 0, 1),
  revision: fc.integer({ min: 1, max: 3 }),
  texts: fc.constantFrom(new Map(), new Map([[1, "on"]]), new Map([[1, "off"]])),
  telling: fc.constantFrom(
    undefined,
    { rule: "change", error: 0, heartbeatMs: 1_000 } as const,
    { rule: "dead-band", error: 0.5, heartbeatMs: 1_000 } as const,
  ),
});

test("a book gives every tag back as it was, by index and by id", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 40 }), fields), { selector: ([at]) => at }),
      (drawn) => {
        const tags = drawn.map(([index, { telling, ...rest }]) =>
          makeTag(index, telling === undefined ? rest : { ...rest, telling }),
        );
        const book = TagBook.of(tags);
        assert.deepEqual(
          [...book],
          tags.toSorted((a, b) => a.index - b.index),
        );
        for (const tag of tags) {
          assert.deepEqual(book.byIndex(tag.index), tag);
          assert.deepEqual(book.byId(tag.id), tag);
          assert.equal(book.idOf(tag.index), tag.id);
          assert.equal(book.nameOf(tag.index), tag.name);
          assert.equal(book.indexOf(tag.id), tag.index);
          assert.equal(book.traitsOf(tag.index)?.unit, tag.unit);
        }
        assert.equal(book.byIndex(41), undefined);
        assert.equal(book.byId("line-1/tag-41"), undefined);
      },
    ),
  );
});

test("tags that differ in nothing but their names share their traits", () => {
  const tags = Array.from({ length: 1_000 }, (_tag, at) => makeTag(at, { texts: new Map() }));
  const columns = toTagColumns(tags);
  assert.equal(columns.traits.length, 1);
  assert.equal(columns.traitsOf.length, 1_000);
  assert.equal(tagIn(columns, 7).id, tagId("line-1/tag-7"));
  assert.throws(() => tagIn(columns, 1_000), RangeError);
});
