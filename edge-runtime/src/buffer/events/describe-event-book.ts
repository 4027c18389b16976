/** What every event book must do. Run by the one of the journal and by the one in memory. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  eventJsonBytesMax,
  type EventRecord,
  type NewEvent,
} from "@millwright/wire-contract/events";

import type { EventBook } from "../../hand-over.ts";
import { EventTooLarge } from "./event-faults.ts";

export const eventUs = 1_800_000_000_000_000;

/** A command about `subject`, told `second` seconds after the first of a test. */
export function commandEvent(
  subject: string,
  second = 0,
  change: Partial<NewEvent> = {},
): NewEvent {
  return {
    kind: "command",
    atUs: eventUs + second * 1e6,
    asset: "Pump 1",
    subject,
    body: {
      outcome: "confirmed",
      tag: "pump-1/speed",
      value: 1_200,
      origin: { kind: "hmi", who: "Ada" },
    },
    ...change,
  } as NewEvent;
}

export function contextEvent(value: string, second = 0): NewEvent {
  return {
    kind: "context",
    atUs: eventUs + second * 1e6,
    asset: "Press 2",
    subject: "Press 2",
    body: { what: "began", context: "state", value },
  };
}

type Open = (context: { after(end: () => Promise<void>): void }) => EventBook;

/** @param open a book that is empty */
export function describeEventBook(name: string, open: Open): void {
  describe(name, () => {
    test("events get numbers that rise by one, in the order in which they were kept", async (t) => {
      const book = open(t);
      const first = book.keep([commandEvent("a"), commandEvent("b")]);
      const second = book.keep([contextEvent("running")]);
      const numbers = [...(await first), ...(await second)].map((one) => one.number);
      assert.deepEqual(numbers, [1, 2, 3]);
      const [third] = await book.list({ max: 1 });
      assert.deepEqual(third, { ...contextEvent("running"), number: 3 });
    });

    test("nothing kept is nothing told", async (t) => {
      const book = open(t);
      assert.deepEqual(await book.keep([]), []);
      assert.deepEqual(await book.list({ max: 10 }), []);
    });

    test("events are found by kind, asset, subject and time, the newest first", async (t) => {
      const book = open(t);
      const events = Array.from({ length: 12 }, (_, second) =>
        second % 3 === 0
          ? contextEvent(`state ${second}`, second)
          : commandEvent(second % 3 === 1 ? "a" : "b", second),
      );
      await book.keep(events);
      const found = async (query: Parameters<EventBook["list"]>[0]): Promise<readonly number[]> =>
        (await book.list(query)).map((one) => one.number - 1);
      assert.deepEqual(await found({ max: 3 }), [11, 10, 9]);
      assert.deepEqual(await found({ kind: "context", max: 10 }), [9, 6, 3, 0]);
      assert.deepEqual(await found({ kind: "alarm", max: 10 }), []);
      assert.deepEqual(await found({ asset: "Press 2", max: 2 }), [9, 6]);
      assert.deepEqual(await found({ subject: "a", max: 10 }), [10, 7, 4, 1]);
      assert.deepEqual(await found({ kind: "command", subject: "b", max: 10 }), [11, 8, 5, 2]);
      const range = { fromUs: eventUs + 4e6, toUs: eventUs + 7e6 };
      assert.deepEqual(await found({ ...range, max: 10 }), [7, 6, 5, 4]);
      assert.deepEqual(await found({ ...range, kind: "command", max: 10 }), [7, 5, 4]);
    });

    test("of a kind the newest by the clock are found too, also where the clock was set back", async (t) => {
      const book = open(t);
      const seconds = [5, 6, 7, 2, 3, 4];
      await book.keep(seconds.map((second) => commandEvent("a", second)));
      await book.keep([contextEvent("running", 6)]);
      const found = async (query: Partial<Parameters<EventBook["list"]>[0]>): Promise<unknown> =>
        (await book.list({ kind: "command", order: "time", max: 9, ...query })).map(
          ({ atUs }) => (atUs - eventUs) / 1e6,
        );
      assert.deepEqual(await found({ max: 3 }), [7, 6, 5]);
      assert.deepEqual(await found({ toUs: eventUs + 5e6, max: 2 }), [5, 4]);
      assert.deepEqual(await found({ fromUs: eventUs + 4e6 }), [7, 6, 5, 4]);
    });

    test("pages follow each other without a gap and without a repeat", async (t) => {
      const book = open(t);
      await book.keep(Array.from({ length: 25 }, (_, at) => commandEvent(`c-${at}`, at)));
      const numbers: number[] = [];
      let page: readonly EventRecord[] = await book.list({ kind: "command", max: 10 });
      while (page.length > 0) {
        numbers.push(...page.map((one) => one.number));
        page = await book.list({ kind: "command", max: 10, before: numbers.at(-1) ?? 0 });
      }
      assert.deepEqual(
        numbers,
        Array.from({ length: 25 }, (_, at) => 25 - at),
      );
    });

    test("whoever listens is told of each event once, with its number", async (t) => {
      const book = open(t);
      const told: EventRecord[] = [];
      const stop = book.onKept((events) => told.push(...events));
      const kept = [
        ...(await book.keep([commandEvent("a")])),
        ...(await book.keep([commandEvent("b")])),
      ];
      assert.deepEqual(told, kept);
      stop();
      await book.keep([commandEvent("c")]);
      assert.equal(told.length, 2);
    });

    test("what a part saves is found again, and each part finds its own", (t) => {
      const book = open(t);
      assert.equal(book.state("alarms"), undefined);
      book.saveState("alarms", { shelved: ["a", "b"], since: 12.5, deep: { none: null } });
      book.saveState("rules", [1, 2]);
      book.saveState("rules", [3]);
      assert.deepEqual(book.state("alarms"), {
        shelved: ["a", "b"],
        since: 12.5,
        deep: { none: null },
      });
      assert.deepEqual(book.state("rules"), [3]);
    });

    test("a state that its part goes on changing is the one that was saved", (t) => {
      const book = open(t);
      const shelved = ["a"];
      book.saveState("alarms", { shelved });
      shelved.push("b");
      assert.deepEqual(book.state("alarms"), { shelved: ["a"] });
    });

    test("an event that says too much is refused with all that were handed in with it", async (t) => {
      const book = open(t);
      const large = commandEvent("large", 0, {
        kind: "context",
        body: { what: "began", context: "job", value: "x".repeat(eventJsonBytesMax) },
      });
      await assert.rejects(book.keep([commandEvent("a"), large]), (failure: unknown) => {
        assert(failure instanceof EventTooLarge);
        assert.match(failure.message, /about large has \d+ bytes, one may have 16384/);
        return true;
      });
      assert.deepEqual(await book.list({ max: 10 }), []);
      const [kept] = await book.keep([commandEvent("b")]);
      assert.equal(kept?.number, 1);
    });
  });
}
