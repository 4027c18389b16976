import assert from "node:assert/strict";
import { test } from "node:test";

import { compareAlarms, firstOuts, type Ranked } from "./order.ts";
import { ChatterWatch, isStanding } from "./repeaters.ts";
import { shelvingRefusal } from "./shelving.ts";

const hourUs = 3_600_000_000;

test("what nobody has acknowledged comes first, then priority, then the newest", () => {
  const alarm = (
    id: string,
    state: Ranked["state"],
    priority: Ranked["priority"],
    raisedUs: number,
  ): Ranked => ({ id, state, priority, raisedUs });
  const sorted = [
    alarm("old-2", "unacknowledged", 2, 1),
    alarm("seen-1", "acknowledged", 1, 9),
    alarm("back", "returned", 1, 9),
    alarm("new-2", "unacknowledged", 2, 5),
    alarm("low", "unacknowledged", 3, 9),
    alarm("urgent", "unacknowledged", 1, 0),
  ].toSorted(compareAlarms);
  assert.deepEqual(
    sorted.map(({ id }) => id),
    ["urgent", "new-2", "old-2", "low", "seen-1", "back"],
  );
});

test("first-out is the alarm of a group that came before the others, and none for alarms without a group", () => {
  const first = firstOuts([
    { id: "b", group: "press", cameAs: 12 },
    { id: "a", group: "press", cameAs: 11 },
    { id: "c", group: "", cameAs: 1 },
    { id: "d", group: "oven", cameAs: 13 },
  ]);
  assert.deepEqual([...first].sort(), ["a", "d"]);
});

test("three activations within a minute are chattering, and a minute later it is over", () => {
  const watch = new ChatterWatch();
  const second = 1_000_000;
  watch.add(0);
  watch.add(30 * second);
  assert.equal(watch.chatterAt(30 * second), 0);
  watch.add(59 * second);
  assert.equal(watch.chatterAt(59 * second), 3);
  assert.equal(watch.chatterAt(60 * second), 0);
});

test("an alarm stands when it has been active for more than a day", () => {
  const day = 86_400_000_000;
  assert.equal(isStanding(1, day + 1), false);
  assert.equal(isStanding(1, day + 2), true);
  assert.equal(isStanding(0, 9 * day), false);
});

test("shelving needs a reason, keeps to the ceiling of the class, and for priority 1 a supervisor", () => {
  const asked = {
    priority: 2,
    shelveHoursMax: 8,
    ...{ nowUs: 1_000, untilUs: 1_000 + hourUs },
    reason: "sensor is being replaced",
    supervisor: false,
  } as const;
  assert.equal(shelvingRefusal(asked), undefined);
  assert.match(shelvingRefusal({ ...asked, reason: " " }) ?? "", /reason/);
  assert.equal(shelvingRefusal({ ...asked, untilUs: 1_000 + 8 * hourUs }), undefined);
  assert.match(shelvingRefusal({ ...asked, untilUs: 1_001 + 8 * hourUs }) ?? "", /at most 8 h/);
  assert.match(shelvingRefusal({ ...asked, untilUs: 1_000 }) ?? "", /time that is not over/);
  assert.match(shelvingRefusal({ ...asked, untilUs: NaN }) ?? "", /time/);
  assert.match(shelvingRefusal({ ...asked, priority: 1 }) ?? "", /supervisor/);
  assert.equal(shelvingRefusal({ ...asked, priority: 1, supervisor: true }), undefined);
});
