import assert from "node:assert/strict";
import { test } from "node:test";

import { runServices, type Service } from "./service.ts";

function recorder() {
  const events: string[] = [];
  const make = (name: string, fail?: "start" | "stop" | "break"): Service => {
    let report: (failure: Error) => void = () => undefined;
    const broken = new Promise<never>((_resolve, reject) => {
      report = reject;
    });
    broken.catch(() => undefined);
    return {
      name,
      broken,
      start() {
        events.push(`start ${name}`);
        if (fail === "start") return Promise.reject(new Error(`${name} cannot start`));
        if (fail === "break") queueMicrotask(() => report(new Error(`${name} broke`)));
        return Promise.resolve();
      },
      stop() {
        events.push(`stop ${name}`);
        return fail === "stop"
          ? Promise.reject(new Error(`${name} cannot stop`))
          : Promise.resolve();
      },
    };
  };
  return { events, make };
}

test("services stop in the reverse order of their start", async () => {
  const { events, make } = recorder();
  const until = new AbortController();
  const running = runServices([make("a"), make("b")], until.signal, 1_000);
  setImmediate(() => until.abort());
  await running;
  assert.deepEqual(events, ["start a", "start b", "stop b", "stop a"]);
});

test("what started is stopped when a later one cannot start, and the failure is told", async () => {
  const { events, make } = recorder();
  await assert.rejects(
    runServices([make("a"), make("b", "start"), make("c")], new AbortController().signal, 1_000),
    /b cannot start/,
  );
  assert.deepEqual(events, ["start a", "start b", "stop a"]);
});

test("one that breaks ends all", async () => {
  const { events, make } = recorder();
  await assert.rejects(
    runServices([make("a"), make("b", "break")], new AbortController().signal, 1_000),
    /b broke/,
  );
  assert.deepEqual(events.slice(-2), ["stop b", "stop a"]);
});

test("one that cannot stop does not keep those beneath it from closing", async () => {
  const { events, make } = recorder();
  const until = new AbortController();
  const running = runServices([make("a"), make("b", "stop")], until.signal, 1_000);
  setImmediate(() => until.abort());
  await assert.rejects(running, /b cannot stop/);
  assert.equal(events.at(-1), "stop a");
});
