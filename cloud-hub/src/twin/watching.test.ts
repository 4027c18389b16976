import assert from "node:assert/strict";
import { test } from "node:test";

import type { TagId } from "@millwright/wire-contract";

import { Watching } from "./watching.ts";

const a = "a" as TagId;
const b = "b" as TagId;

test("a tag is watched until the last page that looks at it is closed", () => {
  const watching = new Watching();
  const first = watching.watch("g", [a, b]);
  const second = watching.watch("g", [b]);
  assert.deepEqual(watching.watched("g", 10), [a, b]);
  first();
  first();
  assert.deepEqual(watching.watched("g", 10), [b]);
  second();
  assert.deepEqual(watching.watched("g", 10), []);
  assert.deepEqual(watching.watched("other", 10), []);
});

test("no more than asked for are named", () => {
  const watching = new Watching();
  watching.watch("g", [a, b]);
  assert.deepEqual(watching.watched("g", 1), [a]);
});
