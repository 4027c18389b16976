import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { status, type DeviceId } from "@millwright/wire-contract";
import * as z from "zod";

import type { Loss } from "../hand-over.ts";
import { createBatchBuilder } from "./batch-builder.ts";
import { DeviceSupervisor } from "./device-supervisor.ts";
import type { Driver, DriverContext, PointSettings, ReadingBatch } from "./driver.ts";
import { DeviceUnreachable, LinkLost, SettingsRefused } from "./faults.ts";

const point: PointSettings = {
  tag: "a",
  address: "0",
  type: "float64",
  everyMs: 1_000,
  options: {},
};

/** The gateway takes so long to start. */
const startedMs = 700;
/** It takes so long to be found not to answer. */
const silenceMs = 10_000;

/** A device whose fate is written down: what each opening does, and how many readings it then gives. */
function playDevice(
  fates: readonly ("unreachable" | "silent" | "refused" | number)[],
  polled = true,
  missesWhatWasSent = false,
  everyMs = 1_000,
) {
  const clock = new PlayedClock();
  const batches: ReadingBatch[] = [];
  const losses: Loss[] = [];
  const ended: string[] = [];
  let openings = 0;
  const driver: Driver<unknown> = {
    protocol: "played",
    polled,
    settings: z.unknown(),
    line: () => "played",
    checkPoint: () => undefined,
    plan: () => [],
    async open(_settings, _points, context: DriverContext, until) {
      const fate = fates[Math.min(openings, fates.length - 1)] ?? 0;
      openings++;
      if (fate === "silent") await clock.sleep(silenceMs, until);
      if (typeof fate === "string" && fate !== "refused") throw new DeviceUnreachable("played");
      if (fate === "refused") {
        throw new SettingsRefused("played", "wrong name", "Type the name again.");
      }
      const builder = createBatchBuilder(1);
      return {
        resume: { openings },
        missesWhatWasSent,
        async *readings(signal: AbortSignal) {
          for (let index = 0; index < fate; index++) {
            await clock.sleep(1_000, signal);
            context.due(1);
            builder.push(0, NaN, index, 0);
            yield builder.take(clock.nowUs());
          }
          throw new LinkLost("played");
        },
        write: (_point, value) =>
          value === "odd"
            ? Promise.reject(new Error("the library failed"))
            : Promise.resolve({ kind: "accepted" as const }),
        end: () => {
          ended.push("end");
          return Promise.resolve();
        },
        [Symbol.asyncDispose]: () => {
          ended.push("dispose");
          return Promise.resolve();
        },
      };
    },
  };
  const supervisor = new DeviceSupervisor({
    device: {
      id: "d" as DeviceId,
      name: "D",
      driver,
      connection: {},
      points: [{ ...point, everyMs }],
    },
    clock,
    random: seededRandom(1),
    log: silentLog,
    stateFolder: "/nowhere",
    queueMax: 10,
    downUntilUs: clock.nowUs() - startedMs * 1_000,
    deliver: (batch) => {
      batches.push(batch);
      return Promise.resolve();
    },
    charge: (loss) => losses.push(loss),
    proven: () => undefined,
    changed: () => undefined,
    resume: () => undefined,
    saveResume: () => undefined,
  });
  return { clock, supervisor, batches, losses, ended, openings: () => openings };
}

async function finish(play: ReturnType<typeof playDevice>): Promise<void> {
  await play.supervisor.stop();
}

test("a device that is absent at start is tried again until it answers, and its tags say so meanwhile", async () => {
  const play = playDevice(["unreachable", "unreachable", "unreachable", 1_000]);
  await play.supervisor.start();
  await play.clock.advance(100);
  assert.equal(play.supervisor.status.state, "down");
  assert.match(play.supervisor.status.note, /does not answer/);
  assert.deepEqual([...(play.batches[0]?.status ?? [])], [status.badNoCommunication]);
  await play.clock.advance(10_000);
  assert.equal(play.supervisor.status.state, "live");
  assert.equal(play.supervisor.status.note, "");
  assert.ok(play.batches.length > 2);
  await finish(play);
});

test("it is tried for ever: an hour of absence is not given up", async () => {
  const play = playDevice(["unreachable"]);
  await play.supervisor.start();
  await play.clock.advance(3_600_000);
  assert.ok(play.openings() > 100, `${play.openings()} tries in an hour`);
  assert.equal(play.batches.length, 1, "bad is said once for each loss");
  await finish(play);
});

test("what the schedule would have fetched during an absence is charged, and adjoins without a hole", async () => {
  const play = playDevice([5, "unreachable", "unreachable", "unreachable", "unreachable", 1_000]);
  await play.supervisor.start();
  await play.clock.advance(60_000);
  await finish(play);
  const absent = play.losses.filter((loss) => loss.reason === "device unreachable");
  for (const [index, loss] of absent.entries()) {
    const before = absent[index - 1];
    if (before !== undefined) assert.equal(loss.fromUs, before.toUs);
  }
  const spanUs = (absent.at(-1)?.toUs ?? 0) - (absent[0]?.fromUs ?? 0);
  const charged = absent.reduce(
    (sum, loss) => sum + (loss.count.kind === "scheduled" ? loss.count.samples : 0),
    0,
  );
  assert.ok(Math.abs(charged - spanUs / 1e6) <= absent.length, `${charged} for ${spanUs} µs`);
});

test("of a device that is read seldom an absence of an hour is charged with each of its polls", async () => {
  const play = playDevice(["unreachable"], true, false, 60_000);
  await play.supervisor.start();
  await play.clock.advance(3_600_000);
  await finish(play);
  const claimed = play.losses.map(({ count }) =>
    count.kind === "scheduled" ? count.samples : NaN,
  );
  const sum = claimed.reduce((all, samples) => all + samples, 0);
  assert.ok(Math.abs(sum - 60) <= 1, `${sum} of 60 polls`);
});

test("what a device takes not to answer belongs to its absence, at the start and at a stop", async () => {
  const play = playDevice(["silent"]);
  const startUs = play.clock.nowUs();
  await play.supervisor.start();
  await play.clock.advance(2.5 * silenceMs);
  await finish(play);
  const spans = play.losses.map(({ fromUs, toUs }) => [fromUs, toUs] as const);
  assert.ok(spans.length > 2);
  for (const [index, [fromUs]] of spans.entries()) {
    assert.equal(fromUs, index === 0 ? startUs : spans[index - 1]?.[1]);
  }
  assert.equal(spans.at(-1)?.[1], play.clock.nowUs());
});

test("an absence of a device that speaks by itself is charged as unknown, at least one", async () => {
  const play = playDevice([1, "unreachable"], false);
  await play.supervisor.start();
  await play.clock.advance(20_000);
  await finish(play);
  assert.ok(play.losses.length > 0);
  assert.ok(play.losses.every((loss) => loss.count.kind === "unknown"));
});

test("what a device that speaks by itself sent while the gateway started is charged, where nobody kept it", async () => {
  const claimsOf = async (...[fates, polled, misses]: Parameters<typeof playDevice>) => {
    const play = playDevice(fates, polled, misses);
    const beganUs = play.clock.nowUs() - startedMs * 1_000;
    await play.supervisor.start();
    await play.clock.advance(1_000);
    await finish(play);
    return play.losses.map(({ reason, fromUs, toUs }) => [
      reason,
      fromUs - beganUs,
      toUs - beganUs,
    ]);
  };
  assert.deepEqual(await claimsOf([100], false, true), [["gateway down", 0, startedMs * 1_000]]);
  assert.deepEqual(await claimsOf([100], false, false), []);
  assert.deepEqual(await claimsOf([100], true), [], "nothing of a schedule was due yet");
  const [absence] = await claimsOf(["unreachable", 100], false, true);
  assert.deepEqual(absence?.slice(0, 2), ["device unreachable", 0]);
});

test("a device that refuses says what a person should do, and is asked again", async () => {
  const play = playDevice(["refused", 1_000]);
  await play.supervisor.start();
  await play.clock.advance(1_000);
  assert.equal(play.supervisor.status.state, "refused");
  assert.match(play.supervisor.status.note, /Type the name again/);
  await play.clock.advance(31_000);
  assert.equal(play.supervisor.status.state, "live");
  await finish(play);
});

test("a lost link leaves alone what the device keeps for us; a planned stop takes it back", async () => {
  const play = playDevice([2, 1_000]);
  await play.supervisor.start();
  await play.clock.advance(3_000);
  assert.deepEqual(play.ended, ["dispose"]);
  await play.clock.advance(5_000);
  await finish(play);
  assert.deepEqual(play.ended, ["dispose", "end", "dispose"]);
});

test("what was due was read or is in the ledger", async () => {
  const play = playDevice([5, 3, "unreachable", 7, 1_000]);
  await play.supervisor.start();
  await play.clock.advance(40_000);
  await finish(play);
  const { due, read, lost, unexplained } = play.supervisor.account;
  assert.equal(due, read + lost);
  assert.equal(unexplained, 0);
});

test("what was found of a device's clock stands in its note beside everything else, until it is right", async () => {
  const play = playDevice(["unreachable"]);
  await play.supervisor.start();
  await play.clock.advance(100);
  play.supervisor.noteClock("the clock of the device is 5 h behind");
  assert.match(play.supervisor.status.note, /does not answer.*\. the clock of the device is 5 h/);
  play.supervisor.noteClock("");
  assert.doesNotMatch(play.supervisor.status.note, /clock/);
  await finish(play);
});

test("a write goes to the conversation that there is; without one nothing is sent and nothing waits", async () => {
  const { clock, supervisor } = playDevice(["unreachable", 5]);
  const never = new AbortController().signal;
  let asked = 0;
  const admit = (): undefined => {
    asked++;
  };
  await supervisor.start();
  await clock.advance(0);
  const away = await supervisor.write(0, 1, admit, never);
  assert.deepEqual(away, { kind: "refused", reason: "there is no link to D; nothing was sent" });
  assert.equal(asked, 0);

  await clock.advance(1_500);
  assert.deepEqual(await supervisor.write(0, 1, admit, never), { kind: "accepted" });
  assert.equal(asked, 1, "asked once, just before");
  const blocked = { kind: "refused", reason: "guard door open" } as const;
  assert.deepEqual(await supervisor.write(0, 1, () => blocked, never), blocked);
  const odd = await supervisor.write(0, "odd", admit, never);
  assert.deepEqual(odd, { kind: "unknown", reason: "the library failed" });
  await supervisor.stop();
});
