import assert from "node:assert/strict";
import { test } from "node:test";

import { fill, overlay } from "./template.ts";

test("a placeholder is filled wherever it stands, in any depth", () => {
  const filled = fill(
    { id: "{device}.temp", list: ["{unit}:{device}"], number: 7 },
    new Map([
      ["device", "press-1"],
      ["unit", "3"],
    ]),
    () => assert.fail("nothing is missing"),
  );
  assert.deepEqual(filled, { id: "press-1.temp", list: ["3:press-1"], number: 7 });
});

test("a placeholder without a value is named and left as it stands", () => {
  const missing: string[] = [];
  assert.equal(
    fill("a {b} {c}", new Map([["c", "1"]]), (name) => missing.push(name)),
    "a {b} 1",
  );
  assert.deepEqual(missing, ["b"]);
});

test("braces that are no placeholder are text", () => {
  assert.equal(
    fill("{} {1} { a }", new Map(), () => assert.fail("no name in it")),
    "{} {1} { a }",
  );
});

test("what is nearer to the device goes before the template, group by group", () => {
  assert.deepEqual(
    overlay({ host: "a", user: { kind: "name", name: "x" } }, { user: { name: "y" }, port: 1 }),
    { host: "a", user: { kind: "name", name: "y" }, port: 1 },
  );
});
