import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { hrefOf, partsOfAddress } from "./address.ts";

test("an address says a view and gives it back", () => {
  // Half a character cannot stand in an address; a name of ours has none.
  const part = fc.string({ minLength: 1, unit: "grapheme" });
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      assert.deepEqual(partsOfAddress(hrefOf(...parts)), parts);
    }),
  );
});

test("an address that was typed or cut off has its parts all the same", () => {
  assert.deepEqual(partsOfAddress("#/tag/50%"), ["tag", "50%"]);
  assert.deepEqual(partsOfAddress("#/tag/press%2Ftemp%E0"), ["tag", "press%2Ftemp%E0"]);
  for (const bare of ["", "#", "#/", "#//"]) assert.deepEqual(partsOfAddress(bare), []);
});
