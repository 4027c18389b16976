import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";

import type { GatewayClockState } from "../hand-over.ts";
import { GatewayClock, gatewayClockWords, readClockState } from "./gateway-clock.ts";

const nowUs = Date.UTC(2026, 5, 1) * 1_000;

/** A system of its own: real programs that print what they are told to; an absent one is not there. */
async function system(
  t: TestContext,
  says: { timesyncAgoS?: number; timedatectl?: string; chronyc?: string },
): Promise<Parameters<typeof readClockState>[0]> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-clock-"));
  t.after(() => rm(folder, { recursive: true }));
  const tools = {
    timesyncFile: join(folder, "synchronized"),
    timedatectl: join(folder, "timedatectl"),
    chronyc: join(folder, "chronyc"),
  };
  if (says.timesyncAgoS !== undefined) {
    const at = nowUs / 1e6 - says.timesyncAgoS;
    await writeFile(tools.timesyncFile, "");
    await utimes(tools.timesyncFile, at, at);
  }
  for (const program of ["timedatectl", "chronyc"] as const) {
    const answer = says[program];
    if (answer === undefined) continue;
    await writeFile(tools[program], `#!/bin/sh\n${answer}\n`);
    await chmod(tools[program], 0o755);
  }
  return tools;
}

test("a clock is set when the system says so, unset when it says that, and else unknown", async (t) => {
  const normal = "echo A29FC87B,10.0.0.1,3,0.1,0,0,0,1.0,0,0.1,0.01,0.02,64.2,Normal";
  const cases: readonly [Parameters<typeof system>[1], GatewayClockState][] = [
    [{}, "unknown"],
    [{ timesyncAgoS: 600 }, "set"],
    [{ timesyncAgoS: 600, timedatectl: "echo no" }, "set"],
    [{ timesyncAgoS: 20_000 }, "unknown"],
    [{ timesyncAgoS: 20_000, timedatectl: "echo no" }, "unset"],
    [{ timedatectl: "echo yes" }, "set"],
    [{ timedatectl: "exit 1" }, "unknown"],
    [{ timedatectl: "exit 1", chronyc: normal }, "set"],
    [{ chronyc: normal.replace("Normal", "'Not synchronised'") }, "unset"],
    [{ chronyc: "echo 506 Cannot talk to daemon; exit 1" }, "unknown"],
  ];
  for (const [says, state] of cases) {
    assert.equal(await readClockState(await system(t, says), nowUs), state, JSON.stringify(says));
  }
});

test("it is asked each minute, and a change is told once", async (t) => {
  const tools = await system(t, { timedatectl: "echo no" });
  const clock = new PlayedClock(nowUs);
  const told: GatewayClockState[] = [];
  const next = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  let wake: () => void = () => undefined;
  const gatewayClock = new GatewayClock({ clock, log: silentLog, tools });
  gatewayClock.watch((state) => {
    told.push(state);
    wake();
  });
  assert.equal(gatewayClock.state, "unknown", "before anything was asked");
  const first = next();
  await gatewayClock.service.start();
  await first;
  await writeFile(tools.timedatectl, "#!/bin/sh\necho yes\n");
  const second = next();
  // The program answers in real time, so the played minutes go on until it has.
  while (told.length < 2) await clock.advance(60_000);
  await second;
  assert.deepEqual(told, ["unset", "set"]);
  assert.equal(gatewayClock.state, "set");
  await gatewayClock.service.stop(AbortSignal.timeout(60_000));
});

test("a page says what may be wrong with times, and nothing when nothing is", () => {
  assert.equal(gatewayClockWords("set"), "");
  assert.match(gatewayClockWords("unset"), /name a time server/);
  assert.match(gatewayClockWords("unknown"), /nothing here says/);
});
