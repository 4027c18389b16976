/** What every frame store must do with events: a part of its contract suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { EventsAsked, HubEvent } from "../hand-over.ts";
import { beganUs, testAlarm, testEvent } from "./test-events.ts";
import { forked, type TestGateway } from "./test-gateway.ts";
import type { StoreRig } from "./test-store-rig.ts";

const numbersOf = (events: readonly HubEvent[]): readonly number[] =>
  events.map(({ line }) => line.number);

export function describeEvents({ open, nextGateway, take }: StoreRig): void {
  describe("events", () => {
    const list = (
      gateway: TestGateway,
      asked: Partial<EventsAsked> = {},
    ): Promise<readonly HubEvent[]> =>
      open().events({ gateways: [gateway.gateway], max: 100, ...asked });
    const alarmsOf = async (gateway: TestGateway): Promise<readonly string[]> =>
      (await open().alarms(100_000))
        .filter((one) => one.gateway === gateway.gateway)
        .map(({ line }) => `${line.subject} ${line.number}`)
        .toSorted();

    test("each is kept once, however often and in whatever frames it comes", async () => {
      const gateway = nextGateway();
      const first = gateway.events([testEvent(1, "a"), testEvent(2, "b")]);
      await take(gateway, first);
      await take(gateway, first, gateway.events([testEvent(3, "c")]));
      // A hub that was put back is told again, in frames of a later epoch and in another company.
      gateway.newEpoch();
      await take(
        gateway,
        gateway.events([testEvent(2, "b"), testEvent(3, "c"), testEvent(4, "d")]),
      );
      assert.deepEqual(numbersOf(await list(gateway)), [4, 3, 2, 1]);
    });

    test("two journals of one gateway hide nothing of each other", async () => {
      const gateway = nextGateway();
      const original = gateway.events([testEvent(1, "a"), testEvent(2, "original")]);
      await take(gateway, original, forked(gateway.events([testEvent(3, "of a fork")])));
      gateway.newEpoch();
      await take(gateway, gateway.events([testEvent(2, "copy")]));
      gateway.newEpoch();
      await take(gateway, gateway.events([testEvent(1, "a")], 2));
      const found = (await list(gateway)).map(
        ({ journalUs, line }) => `${journalUs} ${line.number} ${line.subject}`,
      );
      assert.deepEqual(found.toSorted(), [
        "1 1 a",
        "1 2 copy",
        "1 2 original",
        "1 3 of a fork",
        "2 1 a",
      ]);
    });

    test("they are found by kind, asset, subject and time, page by page", async () => {
      const gateway = nextGateway();
      const other = nextGateway();
      const lines = Array.from({ length: 9 }, (_, at) =>
        at % 3 === 0
          ? { ...testAlarm(at + 1, "hot", "unacknowledged"), asset: "Press 2" }
          : testEvent(at + 1, at % 3 === 1 ? "a" : "b"),
      );
      await take(gateway, gateway.events(lines));
      await take(other, other.events([testEvent(100, "a")]));
      const numbers = async (asked: Partial<EventsAsked>): Promise<readonly number[]> =>
        numbersOf(await list(gateway, asked));
      assert.deepEqual(await numbers({ kind: "alarm" }), [7, 4, 1]);
      assert.deepEqual(await numbers({ asset: "Press 2" }), [7, 4, 1]);
      assert.deepEqual(await numbers({ subject: "a", kind: "command" }), [8, 5, 2]);
      const range = { fromUs: beganUs + 3e6, toUs: beganUs + 5e6 };
      assert.deepEqual(await numbers(range), [5, 4, 3]);

      const pages: number[][] = [];
      let page = await list(gateway, { max: 4 });
      while (page.length > 0) {
        pages.push([...numbersOf(page)]);
        const last = page.at(-1);
        assert(last !== undefined);
        page = await list(gateway, { max: 4, after: { atUs: last.line.atUs, id: last.id } });
      }
      assert.deepEqual(pages, [[9, 8, 7, 6], [5, 4, 3, 2], [1]]);
      const both = await open().events({ gateways: [gateway.gateway, other.gateway], max: 1 });
      assert.deepEqual(numbersOf(both), [100]);
    });

    test("the newest event of an alarm is the one with the highest number of the newest journal, in whatever order they come", async () => {
      const gateway = nextGateway();
      const raised = gateway.events([
        testAlarm(1, "hot", "unacknowledged"),
        testAlarm(2, "dry", "unacknowledged"),
      ]);
      const gone = gateway.events([testAlarm(3, "hot", "normal"), testAlarm(4, "loud", "shelved")]);
      await take(gateway, gone);
      await take(gateway, raised);
      assert.deepEqual(await alarmsOf(gateway), ["dry 2", "loud 4"]);
      // The journal was lost, and another has begun: its numbers are small, and its clock may have been behind.
      gateway.newEpoch();
      const late = { atUs: beganUs - 1e9 };
      await take(
        gateway,
        gateway.events(
          [testAlarm(1, "dry", "normal", late), testAlarm(2, "new", "acknowledged", late)],
          2,
        ),
      );
      assert.deepEqual(await alarmsOf(gateway), ["loud 4", "new 2"]);
    });

    test("events of a kind that is not known are kept, and a body that says no state is no alarm", async () => {
      const gateway = nextGateway();
      const strange = { ...testEvent(1, "x"), kind: 99 };
      await take(
        gateway,
        gateway.events([strange, { ...testAlarm(2, "y", ""), json: '{"state":"a\\u0000"}' }]),
      );
      assert.deepEqual((await list(gateway))[1]?.line, strange);
      assert.deepEqual(await alarmsOf(gateway), []);
    });
  });
}
