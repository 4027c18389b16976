import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";
import type { HubLink, LiveValue } from "@millwright/wire-contract";

import { liveEvents, type LiveEvent, type LiveSource } from "./live-events.ts";

function playSource(ids: readonly string[]) {
  const values = new Map<string, number>(ids.map((id) => [id, 0]));
  const changed = new Set<(tags: readonly string[]) => void>();
  const state = new Set<() => void>();
  const link = { sinceUs: 0, waitingFrames: 0, waitingSamples: 0, behindMs: 0 };
  let hub: HubLink = { ...link, state: "in sync" };
  const source: LiveSource = {
    values: (tags) =>
      (tags.length === 0 ? [...values.keys()] : tags)
        .filter((id) => values.has(id))
        .map((id): LiveValue => ({
          t: id,
          v: values.get(id) ?? null,
          s: 0,
          m: 0,
          r: 0,
          c: 0,
          u: 0,
        })),
    devices: () => [],
    hub: () => hub,
    confirmed: () => ({ "pump-1": 7 }),
    onChanged(listener) {
      changed.add(listener);
      return () => changed.delete(listener);
    },
    onState(listener) {
      state.add(listener);
      return () => state.delete(listener);
    },
  };
  return {
    source,
    set(id: string, value: number) {
      values.set(id, value);
      for (const listener of changed) listener([id]);
    },
    /** Nobody is told of it: it shows when it is looked at. */
    link(state: HubLink["state"]) {
      hub = { ...link, state };
    },
    turn() {
      for (const listener of state) listener();
    },
    listeners: () => changed.size + state.size,
  };
}

/** Collects what a page would receive while the played clock runs. */
async function watch(ids: readonly string[], tags: readonly string[]) {
  const clock = new PlayedClock();
  const plant = playSource(ids);
  const closed = new AbortController();
  const events: LiveEvent[] = [];
  const reading = (async () => {
    for await (const event of liveEvents(plant.source, tags, clock, closed.signal))
      events.push(event);
  })();
  await clock.advance(0);
  return {
    clock,
    plant,
    events,
    close: async () => {
      closed.abort();
      await reading;
    },
  };
}

test("the link to the hub is told once with the next beat after it has changed, whatever devices do", async () => {
  const page = await watch(["a"], []);
  await page.clock.advance(2_000);
  page.plant.link("unreachable");
  await page.clock.advance(2_000);
  page.plant.link("in sync");
  page.plant.turn();
  await page.clock.advance(2_000);
  await page.close();

  const told = page.events.map(({ event, data }) =>
    "hub" in data ? `${event} ${data.hub.state}` : event,
  );
  assert.deepEqual(told, [
    ...["snapshot in sync", "beat", "beat"],
    ...["beat unreachable", "beat", "state in sync", "beat", "beat"],
  ]);
});

test("a page first receives a snapshot, then only what changed, in a sequence without a gap", async () => {
  const page = await watch(["a", "b"], []);
  page.plant.set("a", 1);
  await page.clock.advance(50);
  page.plant.set("a", 2);
  page.plant.set("b", 3);
  await page.clock.advance(300);
  page.plant.turn();
  await page.clock.advance(1_000);
  await page.close();

  assert.equal(page.events[0]?.event, "snapshot");
  assert.deepEqual(
    page.events.map((event) => event.data.seq),
    page.events.map((_event, index) => index + 1),
  );
  const changes = page.events.filter((event) => event.event === "change");
  assert.deepEqual(
    changes.flatMap((event) => event.data.values.map((value) => [value.t, value.v])),
    [
      ["a", 1],
      ["a", 2],
      ["b", 3],
    ],
  );
  assert.ok(page.events.some((event) => event.event === "state"));
});

test("a burst of changes reaches the page at most ten times a second, newest value only", async () => {
  const page = await watch(["a"], []);
  for (let value = 1; value <= 200; value++) {
    page.plant.set("a", value);
    await page.clock.advance(5);
  }
  await page.clock.advance(200);
  await page.close();
  const values = page.events
    .filter((event) => event.event === "change")
    .map((event) => event.data.values[0]?.v);
  assert.ok(values.length <= 12, `${values.length} changes in a second`);
  assert.equal(values.at(-1), 200);
});

test("tags that the page does not show are not sent to it", async () => {
  const page = await watch(["a", "b"], ["b"]);
  page.plant.set("a", 1);
  await page.clock.advance(500);
  await page.close();
  assert.deepEqual(
    page.events.map((event) => event.event),
    ["snapshot"],
  );
});

test("a silent plant still beats once a second, with the proofs of its devices", async () => {
  const page = await watch(["a"], []);
  await page.clock.advance(3_500);
  await page.close();
  const beats = page.events.filter((event) => event.event === "beat");
  assert.equal(beats.length, 3);
  assert.deepEqual(beats[0]?.data.confirmed, { "pump-1": 7 });
});

test("a page that closes leaves nothing behind in the source", async () => {
  const page = await watch(["a"], []);
  assert.equal(page.plant.listeners(), 2);
  await page.close();
  assert.equal(page.plant.listeners(), 0);
});
