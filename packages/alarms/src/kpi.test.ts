import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlarmPriority, AlarmTransition } from "@millwright/wire-contract/events";

import { kpisOf, type AlarmMoment } from "./kpi.ts";

const second = 1_000_000;
const hour = 3_600 * second;
const day = 24 * hour;
const start = 1_767_225_600 * second;

function moment(
  alarm: string,
  atUs: number,
  transition: AlarmTransition,
  more: Partial<AlarmMoment["event"]> = {},
): AlarmMoment {
  const states = {
    raised: "unacknowledged",
    acknowledged: "acknowledged",
    returned: "returned",
    shelved: "shelved",
    suppressed: "suppressed",
  } as const;
  const state = states[transition as keyof typeof states];
  const event = { transition, state, priority: 3 as AlarmPriority, raisedUs: start + atUs };
  return { gateway: "gw-1", alarm, atUs: start + atUs, event: { ...event, ...more } };
}
const raised = (alarm: string, atUs: number, priority: AlarmPriority = 3): AlarmMoment =>
  moment(alarm, atUs, "raised", { priority });

const aDay = { fromUs: start, toUs: start + day, operators: 1 };

test("a quiet day with two operators: rates, shares and times to acknowledge", () => {
  const moments = Array.from({ length: 24 }, (_, at) => [
    raised(`a-${at}`, at * hour, at === 0 ? 1 : at < 6 ? 2 : 3),
    moment(`a-${at}`, at * hour + (at + 1) * second, "acknowledged", {
      raisedUs: start + at * hour,
      person: "anna",
    }),
    moment(`a-${at}`, at * hour + 1_000 * second, "returned", { raisedUs: start + at * hour }),
  ]).flat();
  const kpis = kpisOf(moments.toReversed(), { ...aDay, operators: 2 });
  assert.equal(kpis.alarms, 24);
  assert.equal(kpis.perOperatorPerDay, 12);
  assert.equal(kpis.perOperatorPerHour, 0.5);
  assert.equal(kpis.busyWindowShare, 0);
  assert.equal(kpis.peakInTenMinutes, 1);
  assert.equal(kpis.floods, 0);
  assert.deepEqual(kpis.priorityShares, [1 / 24, 5 / 24, 18 / 24]);
  assert.equal(kpis.frequent.length, 10);
  assert.equal(kpis.frequentShare, 10 / 24);
  assert.equal(kpis.acknowledgedAfterMedianS, 12);
  assert.equal(kpis.acknowledgedAfterP95S, 23);
  assert.equal(kpis.chattering + kpis.fleeting + kpis.standing + kpis.coveredWithoutPermission, 0);
});

test("a flood counts from the alarm that is one too many until fewer than five came in ten minutes", () => {
  const kpis = kpisOf(
    Array.from({ length: 40 }, (_, at) => raised(`a-${at}`, at * 10 * second)),
    aDay,
  );
  assert.equal(kpis.peakInTenMinutes, 40);
  assert.equal(kpis.floods, 1);
  // From the eleventh, at 100 s, to when the fifth newest, of 350 s, is ten minutes old.
  assert.equal(Math.round(kpis.floodShare * 86_400), 850);
  assert.equal(kpis.busyWindowShare, 1 / 144);
});

test("floods and chatter are of one gateway: two that have six alarms each have no flood", () => {
  const two = ["gw-1", "gw-2"].flatMap((gateway) =>
    Array.from({ length: 6 }, (_, at) => ({ ...raised(`a-${at}`, at * second), gateway })),
  );
  const kpis = kpisOf(two, aDay);
  assert.equal(kpis.peakInTenMinutes, 6);
  assert.equal(kpis.floods, 0);
  assert.equal(kpis.alarms, 12);
});

test("chattering, fleeting and standing alarms are counted once each", () => {
  const kpis = kpisOf(
    [
      raised("chatters", 0),
      raised("chatters", 20 * second),
      raised("chatters", 59 * second),
      raised("flits", 100 * second),
      moment("flits", 103 * second, "returned", { raisedUs: start + 100 * second }),
      moment("stands", -hour, "raised"),
      moment("stands", -hour + second, "acknowledged", {
        raisedUs: start - hour,
        person: "anna",
      }),
    ],
    aDay,
  );
  assert.equal(kpis.chattering, 1);
  assert.equal(kpis.fleeting, 1);
  assert.equal(kpis.standing, 1);
  assert.equal(kpis.alarms, 4, "what came before the range is no alarm of the range");
});

test("covers that nobody stands for are counted", () => {
  const kpis = kpisOf(
    [
      moment("a", 1, "shelved", { person: "anna", reason: "being mended" }),
      moment("b", 2, "shelved", { person: "anna", reason: " " }),
      moment("c", 3, "suppressed", { reason: "cleaning" }),
      moment("d", 4, "suppressed"),
      moment("e", 5, "taken-out-of-service", { reason: "WO-1" }),
    ],
    aDay,
  );
  assert.equal(kpis.coveredWithoutPermission, 3);
});

test("a day without alarms has no rates and no times", () => {
  const kpis = kpisOf([], aDay);
  assert.equal(kpis.perOperatorPerDay, 0);
  assert.equal(kpis.frequentShare, 0);
  assert.ok(Number.isNaN(kpis.acknowledgedAfterMedianS));
});
