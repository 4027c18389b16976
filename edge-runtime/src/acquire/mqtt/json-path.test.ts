import assert from "node:assert/strict";
import test from "node:test";

import fc from "fast-check";

import { formatJsonPath, leavesOf, parseJsonPath, selectJson, type Json } from "./json-path.ts";

function select(json: Json, path: string): Json | undefined {
  const parsed = parseJsonPath(path);
  assert.ok(!("kind" in parsed), path);
  return selectJson(json, parsed);
}

test("a path names one value", () => {
  const json = { a: { b: [1, 2, { c: "x" }], "zone 3": true }, "ä-1": null };
  assert.equal(select(json, "$.a.b[2].c"), "x");
  assert.equal(select(json, '$.a["zone 3"]'), true);
  assert.equal(select(json, "$.ä-1"), null);
  assert.deepEqual(select(json, "$"), json);
});

test("what is not there is absent, and never what an object inherits", () => {
  const json = { a: [1] };
  for (const path of [
    "$.b",
    "$.a[1]",
    "$.a.length",
    "$.toString",
    "$.__proto__",
    "$.a[0].x",
    "$[0]",
  ]) {
    assert.equal(select(json, path), undefined, path);
  }
});

test("anything that could name more than one value, or none, is refused with the place", () => {
  for (const path of [
    "",
    "a.b",
    "$.",
    "$..a",
    "$.*",
    "$[*]",
    "$[-1]",
    "$[01]",
    "$.a[1:2]",
    "$[?(@.a)]",
    '$["a]',
    "$ .a",
  ]) {
    const refused = parseJsonPath(path);
    assert.ok("kind" in refused, path);
    assert.match(refused.reason, /not a path/);
  }
});

test("every value of every JSON is found by the path that is offered for it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as Json;
      for (const [path, leaf] of leavesOf(json, 100)) {
        assert.deepEqual(select(json, formatJsonPath(path)), leaf);
      }
    }),
  );
});

test("parsing any text ends in a path or a refusal", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseJsonPath(`$${text}`);
      if ("kind" in parsed) return;
      assert.deepEqual(parseJsonPath(formatJsonPath(parsed)), parsed);
    }),
    { numRuns: 2_000 },
  );
});
