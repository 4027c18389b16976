import assert from "node:assert/strict";
import { test } from "node:test";

import type { TellingFile } from "./gateway-file.ts";
import { parseTellingRule, tellingOf, tellingRules } from "./telling-rule.ts";

const range = { low: 20, high: 120 };

test("each form is read, with a decimal comma too", () => {
  assert.deepEqual(parseTellingRule("full"), { rule: "full", amount: 0, percent: false });
  assert.deepEqual(parseTellingRule(" change "), { rule: "change", amount: 0, percent: false });
  assert.deepEqual(parseTellingRule("dead-band 0,5"), {
    rule: "dead-band",
    amount: 0.5,
    percent: false,
  });
  assert.deepEqual(parseTellingRule("swinging-door 2%"), {
    rule: "swinging-door",
    amount: 2,
    percent: true,
  });
});

test("what is no rule is refused with the forms that are", () => {
  for (const text of [
    "",
    "sometimes",
    "dead-band",
    "swinging-door 0",
    "dead-band -1",
    "dead-band x",
  ]) {
    assert.match(reasonOf(parseTellingRule(text)), /dead-band|swinging-door/, text);
  }
  assert.match(reasonOf(parseTellingRule("change 3")), /takes no number/);
});

test("a tag is told by its own rule, else by that of its kind, else in full", () => {
  const rules = tellingRules(kinds({ measurement: "swinging-door 2 %", state: "change" }), refused);
  const tag = { kind: "measurement", ...range } as const;
  const door = { rule: "swinging-door", error: 2, heartbeatMs: 60_000 };
  assert.deepEqual(tellingOf({ tag }, rules, 60_000), { telling: door });
  const own = { rule: "dead-band", amount: 0.5, percent: false } as const;
  assert.deepEqual(tellingOf({ tag, telling: own }, rules, 60_000), {
    telling: { rule: "dead-band", error: 0.5, heartbeatMs: 60_000 },
  });
  assert.deepEqual(tellingOf({ tag: { ...tag, kind: "counter" } }, rules, 60_000), {});
});

test("a percentage says nothing of a tag without a range, which is then told in full", () => {
  const rules = tellingRules(kinds({ measurement: "dead-band 2 %" }), refused);
  const tag = { kind: "measurement", low: NaN, high: 120 } as const;
  assert.deepEqual(tellingOf({ tag }, rules, 60_000), {});
});

test("a rule of the settings file that is none is refused with its place", () => {
  const refusals: string[] = [];
  tellingRules(kinds({ text: "rarely" }), (key, what) => refusals.push(`${key}: ${what}`));
  assert.equal(refusals.length, 1);
  assert.match(refusals[0] ?? "", /^text: "rarely" is none of full/);
});

function kinds(change: Partial<TellingFile>): TellingFile {
  const full = { measurement: "full", counter: "full", state: "full", setpoint: "full" };
  const rest = { "event-value": "full", text: "full", heartbeatMs: 60_000, everyMs: 1_000 };
  return { ...full, ...rest, ...change };
}

function reasonOf(answer: ReturnType<typeof parseTellingRule>): string {
  assert("kind" in answer);
  return answer.reason;
}

function refused(key: string, what: string): void {
  assert.fail(`${key}: ${what}`);
}
