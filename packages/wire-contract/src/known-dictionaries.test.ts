import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDictionary, makeDictionary } from "./dictionary.ts";
import { readDictionary } from "./known-dictionaries.ts";
import { makeTag } from "./test-tags.ts";

function bodyOf(name: string): Uint8Array {
  return encodeDictionary(makeDictionary([makeTag(0, { name })])).slice();
}

test("the same bytes are one dictionary, others are another", () => {
  const first = readDictionary(bodyOf("pressure"));
  assert.ok(!("kind" in first));
  assert.equal(readDictionary(bodyOf("pressure")), first);
  const other = readDictionary(bodyOf("level"));
  assert.ok(!("kind" in other));
  assert.notEqual(other, first);
  assert.equal(other.byIndex(0)?.name, "level");
});

test("what is no dictionary is refused, each time", () => {
  const broken = bodyOf("pressure").subarray(0, -1);
  assert.ok("kind" in readDictionary(broken));
  assert.ok("kind" in readDictionary(broken));
});
