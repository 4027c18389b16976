import assert from "node:assert/strict";
import { test } from "node:test";

import { backupStateOf, nextBackupInMs } from "./backup-state.ts";

const hourMs = 3_600_000;
const nowUs = 1_800_000_000_000_000;
const agoUs = (ms: number): number => nowUs - ms * 1_000;

test("a backup is late when the schedule missed one, and not while the next is being made", () => {
  assert.equal(backupStateOf(agoUs(24 * hourMs), 24 * hourMs, nowUs), "fresh");
  assert.equal(backupStateOf(agoUs(31 * hourMs), 24 * hourMs, nowUs), "late");
  assert.equal(backupStateOf(0, 24 * hourMs, nowUs), "late");
});

test("without a schedule nothing is late", () => {
  assert.equal(backupStateOf(0, 0, nowUs), "none");
  assert.equal(backupStateOf(agoUs(1_000 * hourMs), 0, nowUs), "fresh");
});

test("the first backup is due at once, the next after the time of the schedule", () => {
  assert.equal(nextBackupInMs(0, hourMs, 0, nowUs), 0);
  assert.equal(nextBackupInMs(agoUs(hourMs / 4), hourMs, 0, nowUs), (hourMs * 3) / 4);
  assert.equal(nextBackupInMs(agoUs(2 * hourMs), hourMs, 0, nowUs), 0);
});

test("one that failed is tried again after a quarter of an hour, or sooner where backups are more frequent", () => {
  assert.equal(nextBackupInMs(0, 24 * hourMs, nowUs, nowUs), hourMs / 4);
  assert.equal(nextBackupInMs(0, 60_000, nowUs, nowUs), 60_000);
});

test("a newest backup from the future does not put off the next for as long as the clock was wrong", () => {
  assert.equal(nextBackupInMs(agoUs(-1_000 * hourMs), hourMs, 0, nowUs), hourMs);
});
