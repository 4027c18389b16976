/** A server whose filter lets nothing through, played at the session: no server at hand is wrong in this way. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";

import type { ConditionNews } from "../machine-condition.ts";
import type { Attached } from "./climb.ts";
import { ConditionWatch } from "./condition-watch.ts";
import { loadLibrary } from "./library.ts";
import { Notes } from "./notes.ts";

interface Asked {
  readonly name: string;
  /** Of an event item: elements of its where clause. */
  readonly where?: number;
  readonly deleted?: readonly number[];
}

class Rig {
  readonly clock = new PlayedClock();
  readonly asked: Asked[] = [];
  readonly news: ConditionNews[] = [];
  #items = 0;
  #watch: ConditionWatch | undefined;
  /** Lets events of a refresh through with a filter of so many elements. */
  readonly #tellsAt: (elements: number) => boolean;

  constructor(tellsAt: (elements: number) => boolean) {
    this.#tellsAt = tellsAt;
  }

  async start(t: TestContext): Promise<this> {
    const library = await loadLibrary(silentLog);
    const { CallRequest, CreateMonitoredItemsRequest, DeleteMonitoredItemsRequest } = library;
    const event = (
      id: number,
    ): { readonly eventFields: readonly { readonly value?: unknown }[] } => {
      const type = new library.NodeId(library.NodeId.NodeIdType.NUMERIC, id, 0);
      return { eventFields: [{}, { value: type }] };
    };
    let where = NaN;
    const call = (request: unknown, Answer: new (options: object) => unknown): Promise<unknown> => {
      const Good = library.StatusCodes.Good;
      if (request instanceof CreateMonitoredItemsRequest) {
        const filter = request.itemsToCreate?.[0]?.requestedParameters.filter;
        assert.ok(filter instanceof library.EventFilter);
        where = filter.whereClause.elements?.length ?? 0;
        this.asked.push({ name: "create", where });
        const result = { statusCode: Good, monitoredItemId: ++this.#items };
        return Promise.resolve(new Answer({ results: [result] }));
      }
      if (request instanceof DeleteMonitoredItemsRequest) {
        this.asked.push({ name: "delete", deleted: [...(request.monitoredItemIds ?? [])] });
        return Promise.resolve(new Answer({ results: [Good] }));
      }
      assert.ok(request instanceof CallRequest);
      this.asked.push({ name: "refresh" });
      // RefreshStartEventType, RefreshEndEventType
      if (this.#tellsAt(where)) this.#watch?.take([event(2787), event(2788)]);
      return Promise.resolve(new Answer({ results: [{ statusCode: Good }] }));
    };
    const wish = { notifier: "", tell: (one: ConditionNews) => this.news.push(one) };
    this.#watch = new ConditionWatch({
      library,
      attached: {
        rung: "create",
        session: { call },
        facts: { namespaces: [] },
        subscription: { id: 5 },
      } as unknown as Attached,
      context: {
        ...{ device: "test-1", clock: this.clock, random: seededRandom(1), log: silentLog },
        ...{ queueMax: 10, stateFolder: "", due: () => undefined, lost: () => undefined },
        ...{ proven: () => undefined, note: () => undefined, badge: () => undefined },
      },
      notes: new Notes(() => undefined),
      wish,
    });
    const stop = new AbortController();
    const running = this.#watch.run(stop.signal);
    t.after(async () => {
      stop.abort();
      await running;
    });
    await this.clock.advance(0);
    return this;
  }
}

test("a server that tells with its filter is asked once", async (t) => {
  const rig = await new Rig((elements) => elements > 0).start(t);
  await rig.clock.advance(60_000);
  assert.deepEqual(rig.asked, [{ name: "create", where: 3 }, { name: "refresh" }]);
  assert.deepEqual(rig.news, [{ kind: "all", conditions: [] }]);
});

test("one that takes the filter and lets nothing through is asked for all events, and refreshed again", async (t) => {
  const rig = await new Rig((elements) => elements === 0).start(t);
  await rig.clock.advance(9_000);
  assert.equal(rig.asked.length, 2, "it may take some seconds");
  await rig.clock.advance(5_000);
  assert.deepEqual(rig.asked, [
    { name: "create", where: 3 },
    { name: "refresh" },
    { name: "create", where: 0 },
    { name: "delete", deleted: [1] },
    { name: "refresh" },
  ]);
  assert.deepEqual(rig.news, [{ kind: "all", conditions: [] }]);
});

test("one that says nothing either way is asked for all events once, and taken for what came", async (t) => {
  const rig = await new Rig(() => false).start(t);
  await rig.clock.advance(600_000);
  assert.equal(rig.asked.filter(({ name }) => name === "create").length, 2);
  assert.equal(rig.asked.filter(({ name }) => name === "refresh").length, 2);
});
