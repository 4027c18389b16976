import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { Medium } from "./medium.ts";
import { gateway } from "./test-rig.ts";

/** What SQLite says of a write for which the disk has no room. */
class NoRoom extends Error {
  readonly code = "SQLITE_FULL";
}

function mediaOf(t: TestContext): () => Medium {
  const folder = mkdtempSync(path.join(tmpdir(), "medium-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return () => new Medium(folder, gateway, 64 * 2 ** 20);
}

function write({ db }: Medium, value: string): void {
  db.prepare("insert or replace into fact (name, value) values ('safe mark', ?)").run(value);
}

function read({ db }: Medium): unknown {
  return db.prepare("select value from fact where name = 'safe mark'").pluck().get();
}

/** From here on the checkpoints of this run find no room. SQLite's own, when the file is closed, is none of them. */
function fillDisk({ db }: Medium): void {
  const pragma = db.pragma.bind(db);
  db.pragma = (source, options) => {
    if (source.startsWith("application_id =")) throw new NoRoom("database or disk is full");
    return pragma(source, options);
  };
}

test("what SQLite folds itself, after a last checkpoint without room, is no damage to the next start", (t) => {
  const open = mediaOf(t);
  const first = open();
  write(first, "one");
  first.afterCommit();
  first.close();
  const full = open();
  // As long as before: no other page of the file changes with it, and none says that it is of another time.
  write(full, "two");
  full.afterCommit();
  fillDisk(full);
  full.close();
  const next = open();
  t.after(() => {
    next.close();
  });
  const { mendedPages, damagedPages, lostFrames } = next.findings;
  assert.deepEqual([mendedPages, damagedPages, lostFrames], [[], [], 0]);
  assert.equal(read(next), "two");
});
