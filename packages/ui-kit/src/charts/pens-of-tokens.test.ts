import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { Tokens } from "../tokens/tokens.ts";
import { penOf } from "./pens.ts";

test("the dashes that charts draw are those of the token file", () => {
  const file = new URL("../tokens/tokens.json", import.meta.url);
  const { pens } = JSON.parse(readFileSync(file, "utf8")) as Tokens;
  for (const [index, pen] of pens.entries()) {
    assert.deepEqual(penOf(index, () => "").dash, pen.dash);
  }
});
