import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LiveValue } from "@millwright/wire-contract";
import { staleAfterMs } from "@millwright/wire-contract/freshness";
import { status } from "@millwright/wire-contract/status";

import { viewValue } from "./freshness.ts";

const tag = { expectedMs: 1_000, low: 40, high: 80 };
const second = 1e6;
const measured: LiveValue = { t: "a", v: 61, s: 0, m: second, r: second, c: second, u: second };
const at = (nowUs: number, more: object = {}): Parameters<typeof viewValue>[2] => ({
  nowUs,
  lost: false,
  confirmedUs: 0,
  ...more,
});

describe("what may be said about a value", () => {
  test("a value is live until its proof is older than three periods, at least five seconds", () => {
    assert.equal(staleAfterMs(1_000), 5_000);
    assert.equal(staleAfterMs(60_000), 180_000);
    assert.equal(viewValue(tag, measured, at(6 * second)).state, "good");
    assert.equal(viewValue(tag, measured, at(6 * second + 1_000)).state, "stale");
  });

  test("a value that does not change is not stale as long as its device proves it", () => {
    const hour = 3_600 * second;
    const view = viewValue(tag, measured, at(hour, { confirmedUs: hour - second }));
    assert.equal(view.state, "good");
    assert.equal(view.unchanged, true);
    assert.equal(view.ageMs, 1_000);
  });

  test("a value that nothing ever proved is stale, and its age is not known", () => {
    const kept = { ...measured, s: status.uncertainLastUsable, c: 0 };
    const view = viewValue(tag, kept, at(second));
    assert.equal(view.state, "stale");
    assert.equal(view.ageMs, Infinity);
    assert.equal(view.reason, "last usable value");
  });

  test("a lost stream makes the youngest value stale", () => {
    assert.equal(viewValue(tag, measured, at(second, { lost: true })).state, "stale");
  });

  test("a bad value stays bad when the stream is lost: its digits must not return", () => {
    const bad = { ...measured, s: status.badNoCommunication };
    const view = viewValue(tag, bad, at(second, { lost: true }));
    assert.equal(view.state, "bad");
    assert.equal(view.reason, "device unreachable");
  });

  test("good is judged by severity, not by being zero", () => {
    const overflow = { ...measured, s: status.overflowBits };
    assert.equal(viewValue(tag, overflow, at(second)).state, "good");
    const unsure = { ...measured, s: status.uncertainLastUsable };
    assert.equal(viewValue(tag, unsure, at(second)).state, "uncertain");
  });

  test("what was never received is missing, whatever else is known", () => {
    assert.equal(viewValue(tag, undefined, at(second)).state, "missing");
    assert.equal(viewValue(tag, { ...measured, r: 0 }, at(second)).state, "missing");
  });

  test("only a value that can be trusted is said to be outside its range", () => {
    const high = { ...measured, v: 96.4 };
    assert.equal(viewValue(tag, high, at(second)).range, "above");
    assert.equal(viewValue(tag, high, at(60 * second)).range, "unknown");
    assert.equal(viewValue({ ...tag, high: null }, high, at(second)).range, "inside");
    assert.equal(viewValue({ ...tag, low: null, high: null }, high, at(second)).range, "unknown");
  });

  test("a page whose gateway's clock stepped back shows no negative age", () => {
    assert.equal(viewValue(tag, measured, at(0)).ageMs, 0);
  });
});
