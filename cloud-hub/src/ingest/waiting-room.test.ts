import assert from "node:assert/strict";
import { test } from "node:test";

import { WaitingRoom } from "./waiting-room.ts";

const never = new AbortController().signal;

test("what is brought by many is taken in its order, all of it, and never more waits than may", async () => {
  const room = new WaitingRoom<number>(3);
  const brought: number[] = [];
  let [waiting, most] = [0, 0];
  const bring = async (): Promise<void> => {
    for (let time = 0; time < 50; time++) {
      await room.roomy(never);
      brought.push(brought.length);
      room.put(brought.length - 1);
      most = Math.max(most, ++waiting);
    }
  };
  const bringing = Promise.all([bring(), bring()]);
  const taken: number[] = [];
  while (taken.length < 100) {
    await room.filled(never);
    for (let one = room.take(); one !== undefined; one = room.take()) {
      taken.push(one);
      waiting--;
    }
  }
  await bringing;
  assert.deepEqual(taken, brought);
  assert.ok(most <= 5, `${most}: three, and one of each who brings`);
});

test("who waits goes on when it may, and no sooner", async () => {
  const room = new WaitingRoom<string>(1);
  const log: string[] = [];
  const noted = (what: string, of: Promise<void>): Promise<void> =>
    of.then(() => void log.push(what));
  const filled = noted("filled", room.filled(never));
  await Promise.resolve();
  assert.deepEqual(log, []);
  room.put("a");
  await filled;
  room.put("b");
  const roomy = noted("roomy", room.roomy(never));
  await new Promise(setImmediate);
  assert.deepEqual(log, ["filled"]);
  assert.equal(room.take(), "a");
  await roomy;
  assert.deepEqual(log, ["filled", "roomy"]);
});

test("who waits is let go when the work ends", async () => {
  const stopping = new AbortController();
  const room = new WaitingRoom<string>(0);
  const empty = room.filled(stopping.signal);
  room.put("a");
  await empty;
  const full = room.roomy(stopping.signal);
  stopping.abort(new Error("the end"));
  await assert.rejects(full, /the end/);
  assert.equal(room.take(), "a");
  await assert.rejects(room.filled(stopping.signal), /the end/);
});
