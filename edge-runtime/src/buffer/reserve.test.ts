import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";

import { releaseReserve, Reserve } from "./reserve.ts";

const bytes = 600 * 1_024;

function folderOf(t: TestContext): { readonly folder: string; readonly size: () => number } {
  const folder = mkdtempSync(path.join(tmpdir(), "reserve-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return { folder, size: () => statSync(path.join(folder, "journal.reserve")).size };
}

function fill(reserve: Reserve): number {
  for (let pieces = 1; ; pieces++) if (!reserve.fillSome()) return pieces;
}

test("the reserve is filled piece by piece up to its size, and then left alone", (t) => {
  const { folder, size } = folderOf(t);
  const reserve = new Reserve(folder, bytes);
  assert.equal(reserve.isLetGo, false);
  assert.equal(fill(reserve), 3);
  assert.equal(size(), bytes);
  assert.equal(fill(new Reserve(folder, bytes)), 1);
  assert.equal(size(), bytes);
});

test("half of it is let go of at a time, and who finds nothing to let go of is told so", (t) => {
  const { folder, size } = folderOf(t);
  assert.equal(releaseReserve(folder), false);
  fill(new Reserve(folder, bytes));
  assert.equal(releaseReserve(folder), true);
  assert.equal(size(), bytes / 2);
  for (let times = 0; times < 10; times++) releaseReserve(folder);
  assert.equal(size(), 0);
  assert.equal(releaseReserve(folder), false);
});

test("one that was let go of stays so over a restart, until it is whole again", (t) => {
  const { folder } = folderOf(t);
  fill(new Reserve(folder, bytes));
  releaseReserve(folder);
  const reserve = new Reserve(folder, bytes);
  assert.equal(reserve.isLetGo, true);
  reserve.fillSome();
  assert.equal(reserve.isLetGo, true);
  fill(reserve);
  assert.equal(reserve.isLetGo, false);
});

test("a planned end takes back what was let go of, and makes none where there was none", (t) => {
  const { folder, size } = folderOf(t);
  new Reserve(folder, bytes).takeBack();
  assert.throws(size, { code: "ENOENT" });
  fill(new Reserve(folder, bytes));
  truncateSync(path.join(folder, "journal.reserve"), 1_000);
  new Reserve(folder, bytes).takeBack();
  assert.equal(size(), bytes);
});

test("it is not filled where it would take a quarter of what is free", (t) => {
  const { folder } = folderOf(t);
  // As much as no disk has.
  const reserve = new Reserve(folder, 2 ** 60);
  assert.equal(reserve.fillSome(), false);
  assert.equal(reserve.isLetGo, false);
});
