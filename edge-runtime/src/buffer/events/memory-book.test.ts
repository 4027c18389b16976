import assert from "node:assert/strict";
import { test } from "node:test";

import { commandEvent, describeEventBook } from "./describe-event-book.ts";
import { EventsFull } from "./event-faults.ts";
import { MemoryEventBook } from "./memory-book.ts";

describeEventBook("event book in memory", () => new MemoryEventBook());

test("a full book refuses, and keeps again when there is room", async () => {
  const book = new MemoryEventBook();
  book.full = true;
  await assert.rejects(book.keep([commandEvent("a")]), EventsFull);
  book.full = false;
  assert.equal((await book.keep([commandEvent("a")])).length, 1);
});
