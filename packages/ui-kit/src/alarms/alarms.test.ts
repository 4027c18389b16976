import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  alarmStates,
  type AlarmPriority,
  type AlarmRow,
  type AlarmState,
} from "@millwright/wire-contract/events";

import { alarmStateWord, alarmWords } from "./alarm-words.ts";
import { AlarmAnnouncer } from "./announce.ts";
import { listedOf } from "./flood-groups.ts";
import { nextOrder } from "./held-order.ts";

function row(id: string, change: Partial<AlarmRow> = {}): AlarmRow {
  return {
    ...{ id, asset: "Pump 1", state: "unacknowledged", priority: 3, message: id, class: "wear" },
    ...{ group: "", raisedUs: 1, changedUs: 1, holds: true, action: "Look.", consequence: "" },
    ...{ causes: [], respondMin: 10, latching: false, shelveHoursMax: 8 },
    ...{ chatter: 0, standing: false, firstOut: false },
    ...change,
  };
}

void describe("what is said of alarms", () => {
  test("every state has a word of its own, and says what belongs to it", () => {
    assert.equal(new Set(alarmStates.map(alarmStateWord)).size, alarmStates.length);
    const words = (state: AlarmState): string =>
      alarmWords({ state, untilUs: 6_120e6, person: "Anna", reason: "WO-7" }, 0);
    assert.equal(words("unacknowledged"), "UNACK");
    assert.equal(words("shelved"), "SHELVED 1 h 42 min left");
    const once = { state: "shelved", untilUs: 6_120e6, untilClear: true } as const;
    assert.equal(alarmWords(once, 0), "SHELVED until it clears, 1 h 42 min at most");
    assert.equal(words("suppressed"), "SUPPRESSED: WO-7");
    assert.equal(words("out-of-service"), "OUT OF SERVICE, Anna, WO-7");
  });

  test("an order that is held lets nothing in and nothing out, and counts what waits", () => {
    assert.deepEqual(nextOrder(["a", "b"], ["c", "a", "d"], true), {
      ids: ["a", "b"],
      waiting: 2,
    });
    assert.deepEqual(nextOrder(["a", "b"], ["c", "a"], false), { ids: ["c", "a"], waiting: 0 });
    assert.deepEqual(nextOrder([], ["c"], true), { ids: ["c"], waiting: 0 });
  });

  test("a flood is listed by asset with what came first, and urgent alarms stay on top by themselves", () => {
    const rows = [
      row("urgent", { priority: 1 }),
      row("b", { raisedUs: 5 }),
      row("a", { raisedUs: 9, firstOut: true, priority: 2, state: "acknowledged" }),
      row("c", { asset: "Oven 1" }),
    ];
    assert.deepEqual(
      listedOf(rows, false, new Set()).map(({ key }) => key),
      ["urgent", "b", "a", "c"],
    );
    const folded = listedOf(rows, true, new Set());
    assert.deepEqual(
      folded.map(({ key }) => key),
      ["urgent", "group Pump 1", "c"],
    );
    const [, group] = folded;
    assert.ok(group?.kind === "group");
    assert.deepEqual(
      [group.cause.id, group.count, group.unacknowledged, group.priority],
      ["a", 2, 1, 2],
    );
    assert.deepEqual(
      listedOf(rows, true, new Set(["group Pump 1"])).map(({ key }) => key),
      ["urgent", "group Pump 1", "b", "a", "c"],
    );
  });

  test("A7: of a thousand alarms in ten seconds a screen reader hears a message each five seconds, and every alarm once", () => {
    const announcer = new AlarmAnnouncer();
    announcer.see([row("old", { priority: 1 })]);
    assert.equal(announcer.takeMessage(0), undefined);
    const rows: AlarmRow[] = [row("old", { priority: 1 })];
    const messages: { readonly atMs: number; readonly urgent: number; readonly high: number }[] =
      [];
    for (let atMs = 0; atMs < 20_000; atMs += 100) {
      if (atMs < 10_000) {
        for (let alarm = 0; alarm < 10; alarm++) {
          const priority = ((alarm % 3) + 1) as AlarmPriority;
          rows.push(row(`${atMs} ${alarm}`, { priority }));
        }
      }
      announcer.see([...rows]);
      const message = announcer.takeMessage(atMs);
      if (message !== undefined) messages.push({ atMs, ...message });
    }
    assert.deepEqual(
      messages.map(({ atMs }) => atMs),
      [0, 5_000, 10_000],
    );
    assert.equal(
      messages.reduce((sum, { urgent }) => sum + urgent, 0),
      400,
    );
    assert.equal(
      messages.reduce((sum, { high }) => sum + high, 0),
      300,
    );
  });
});
