import assert from "node:assert/strict";
import { test } from "node:test";

import { connectionsOf, sorterConnections, storeConnections } from "./connections.ts";

test("the database has room for the connections of each writer and each sorter that the settings ask for", () => {
  const few = connectionsOf({ writers: 1, history: { sorters: 1 } });
  const many = connectionsOf({ writers: 16, history: { sorters: 16 } });
  assert.equal(many - few, storeConnections(16) - storeConnections(1) + 15 * sorterConnections);
});

test("with the settings of a new hub it has room for as many as the operations page says", () => {
  assert.equal(connectionsOf({ writers: 2, history: { sorters: 2 } }), 44);
});
