import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, silentLog, type Log } from "@millwright/kit";

import { setpoint, termsOf, TestMachine } from "./test-bench.ts";
import { Watchdog } from "./watchdog.ts";

test("the counter runs while the gateway lives, begins anew past its type, and says its trouble once", async () => {
  const clock = new PlayedClock();
  const machine = new TestMachine(clock);
  const written: number[] = [];
  machine.onWire = (_tag, value) => written.push(Number(value));
  const said: string[] = [];
  const say = (event: string): void => {
    said.push(event);
  };
  const log: Log = { ...silentLog, info: say, warn: say };
  const terms = {
    ...termsOf(setpoint),
    toDevice: (shown: unknown) =>
      Number(shown) <= 2
        ? Number(shown)
        : ({ kind: "refused", reason: "it does not fit" } as const),
  };
  const watchdog = new Watchdog({ terms, everyMs: 1_000, machine, clock, log });
  await watchdog.start();
  await clock.advance(4_500);
  assert.deepEqual(written, [0, 1, 2, 0, 1]);

  machine.linked = false;
  await clock.advance(3_000);
  assert.equal(written.length, 5);
  machine.linked = true;
  await clock.advance(1_000);
  assert.equal(written.length, 6);
  assert.deepEqual(said, ["decide.watchdog-not-written", "decide.watchdog-back"]);
  await watchdog.stop();
  const after = written.length;
  await clock.advance(5_000);
  assert.equal(written.length, after, "a gateway that has stopped writes nothing");
});
