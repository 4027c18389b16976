import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LinkView } from "./link-view.ts";
import { LiveStream } from "./live-stream.ts";

/** A stream over doors that the test opens, feeds and breaks, on a clock that it moves. */
function playStream(): {
  stream: LiveStream;
  doors: Door[];
  events: string[];
  link: () => LinkView["kind"] | undefined;
  returns: () => number;
  pass: (ms: number, alsoWallMs?: number) => void;
} {
  const doors: Door[] = [];
  const events: string[] = [];
  let nowMs = 1_000;
  let wallMs = 1e12;
  let link: LinkView | undefined;
  let returns = 0;
  const stream = new LiveStream({
    clock: { monotonicMs: () => nowMs, wallMs: () => wallMs },
    open: (address) => {
      const door = new Door(address);
      doors.push(door);
      return door;
    },
    events: ["snapshot", "change", "beat"],
    sequenced: true,
    onEvent: (name) => events.push(name),
    onLink: (told) => {
      link = told;
    },
    onReturn: () => {
      returns += 1;
    },
  });
  return {
    stream,
    doors,
    events,
    link: () => link?.kind,
    returns: () => returns,
    pass: (ms, alsoWallMs = 0) => {
      wallMs += alsoWallMs;
      for (let passed = 0; passed < ms; passed += 250) {
        nowMs += 250;
        wallMs += 250;
        stream.tick();
      }
    },
  };
}

class Door {
  readonly address: string;
  closed = false;
  readonly #listeners = new Map<string, (event: { readonly data?: unknown }) => void>();
  constructor(address: string) {
    this.address = address;
  }
  addEventListener(name: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.#listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, seq: number): void {
    this.#listeners.get(name)?.({ data: JSON.stringify({ seq, nowUs: 1 }) });
  }
  break(): void {
    this.#listeners.get("error")?.({});
  }
}

describe("the live stream of a page", () => {
  test("events in sequence are handed on; a hole opens the stream anew", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    page.doors[0]?.say("change", 2);
    page.doors[0]?.say("beat", 4);
    assert.deepEqual(page.events, ["snapshot", "change"]);
    assert.equal(page.doors.length, 2);
    assert.equal(page.doors[0]?.closed, true);
    page.doors[0].say("change", 3);
    assert.deepEqual(page.events, ["snapshot", "change"], "a closed door was listened to");
  });

  test("silence is slow after two seconds and lost after five", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    page.pass(1_750);
    assert.equal(page.link(), "live");
    page.pass(250);
    assert.equal(page.link(), "slow");
    page.pass(3_000);
    assert.equal(page.link(), "lost");
  });

  test("an ended connection is tried again for ever, never later than 1 s", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    for (let tries = 0; tries < 20; tries++) {
      const before = page.doors.length;
      page.doors.at(-1)?.break();
      page.pass(1_000);
      assert.equal(page.doors.length, before + 1);
    }
    assert.equal(page.link(), "lost");
    page.doors.at(-1)?.say("snapshot", 1);
    page.pass(250);
    assert.equal(page.link(), "live");
    assert.equal(page.returns(), 1);
  });

  test("a connection that the network swallowed is replaced", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    page.pass(7_000);
    assert.ok(page.doors.length >= 2);
    assert.equal(page.doors[0]?.closed, true);
  });

  test("a hidden page holds no connection, and opens one when it is seen again", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    page.stream.hide(true);
    assert.equal(page.doors[0]?.closed, true);
    page.pass(600_000);
    assert.equal(page.doors.length, 1);
    page.stream.hide(false);
    assert.equal(page.doors.length, 2);
    assert.equal(page.link(), "lost", "values of ten minutes ago must not pass for live");
    page.doors[1]?.say("snapshot", 1);
    page.pass(250);
    assert.equal(page.link(), "live");
  });

  test("a device that slept shows nothing as live until the next snapshot", () => {
    const page = playStream();
    page.stream.show("/api/live");
    page.doors[0]?.say("snapshot", 1);
    // The monotonic clock of many devices stands still in sleep; the wall clock does not.
    page.pass(250, 60_000);
    assert.equal(page.link(), "lost");
    assert.equal(page.doors.length, 2);
  });

  test("another screen has another address; the same address changes nothing", () => {
    const page = playStream();
    page.stream.show("/api/live?tags=a");
    page.stream.show("/api/live?tags=a");
    page.stream.show("/api/live?tags=b");
    assert.deepEqual(
      page.doors.map((door) => door.address),
      ["/api/live?tags=a", "/api/live?tags=b"],
    );
  });
});
