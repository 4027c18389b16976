import assert from "node:assert/strict";
import { test } from "node:test";

import { runServices, type Service } from "./service.ts";
import { together } from "./together.ts";

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

test("services that are together stop at the same time, and each failure is told", async () => {
  const { events, make } = recorder();
  const end = Promise.withResolvers<undefined>();
  const slow: Service = {
    ...make("slow"),
    async stop() {
      events.push("stop slow");
      await end.promise;
      events.push("slow has stopped");
    },
  };
  const all = together("all", [slow, make("b"), make("c", "stop"), make("d", "stop")]);
  await all.start();
  const stopped = all.stop(AbortSignal.timeout(1_000));
  assert.deepEqual(events.splice(0), [
    ...["start slow", "start b", "start c", "start d"],
    ...["stop slow", "stop b", "stop c", "stop d"],
  ]);
  end.resolve(undefined);
  await assert.rejects(stopped, ({ errors }: AggregateError) => {
    assert.deepEqual(errors.map(String), ["Error: c cannot stop", "Error: d cannot stop"]);
    return true;
  });
  assert.deepEqual(events, ["slow has stopped"]);
});

test("services that are together break with each of them, and hold nothing open when one cannot start", async () => {
  const { events, make } = recorder();
  const breaking = together("all", [make("a"), make("b", "break")]);
  await breaking.start();
  await assert.rejects(breaking.broken, /b broke/);
  events.length = 0;
  const failing = together("all", [make("c"), make("d", "start"), make("e")]);
  await assert.rejects(failing.start(), /d cannot start/);
  assert.deepEqual(events, ["start c", "start d", "stop c"]);
});
