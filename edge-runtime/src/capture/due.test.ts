import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

import { dueBetween, LimitTrigger, nextDueUs } from "./due.ts";
import { FolderWatch, mediaTypeOf } from "./folder-watch.ts";

test("the schedule is a grid since 1970, the same one after every restart", () => {
  assert.equal(nextDueUs(600_000_001, 300_000_000), 900_000_000);
  assert.equal(nextDueUs(900_000_000, 300_000_000), 1_200_000_000, "the present moment has been");
  assert.equal(dueBetween(600_000_001, 1_200_000_000, 300_000_000), 2);
  assert.equal(dueBetween(600_000_001, 600_000_002, 300_000_000), 0);
});

test("a limit is said once for each rise, and not again before it has rested", () => {
  const limit = new LimitTrigger(4.5, 60_000);
  const seen = [4, 5, 6, NaN, 6, 4, 5, 4].map((value, at) => limit.sees(value, at * 1_000));
  assert.deepEqual(seen, [false, true, false, false, false, false, false, false]);
  assert.equal(limit.sees(5, 100_000), true);
});

test("a file is taken once it has stopped growing, and never under a name that says not yet", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "captures-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const at = (name: string): string => path.join(folder, name);
  const watch = new FolderWatch(folder);
  writeFileSync(at("grows.png"), "a");
  utimesSync(at("grows.png"), 1, 1);
  writeFileSync(at("whole.jpg"), "b");
  utimesSync(at("whole.jpg"), 2, 2);
  writeFileSync(at("later.png.part"), "c");
  symlinkSync("/etc/hostname", at("link.txt"));
  assert.deepEqual(await watch.look(), [], "nobody knows yet whether they grow");
  writeFileSync(at("grows.png"), "aa");
  assert.deepEqual(
    (await watch.look()).map(({ name }) => name),
    ["whole.jpg"],
  );
  renameSync(at("later.png.part"), at("later.png"));
  await watch.look();
  assert.deepEqual((await watch.look()).map(({ name }) => name).toSorted(), [
    "grows.png",
    "later.png",
    "whole.jpg",
  ]);
  assert.equal(mediaTypeOf("A.JPG"), "image/jpeg");
  assert.equal(mediaTypeOf("x"), "application/octet-stream");
});
