import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { programs } from "@millwright/launcher";

import { command } from "./command.ts";
import { Rig } from "./rig.ts";
import { comeToRest } from "./run-scenario.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const waitMsMax = 90_000;
/** Readings of five tags, ten a second: some frames of each lane. */
const someReadings = 150;

async function produce(rig: Rig, readings: number): Promise<void> {
  const wanted = rig.device.produced.length + readings;
  await waitFor("readings", waitMsMax, () => rig.device.produced.length >= wanted);
}

function fingerprintIn(text: string): string {
  const [found] = /([0-9a-f]{4}-){7}[0-9a-f]{4}/.exec(text) ?? [];
  assert.ok(found !== undefined, text);
  return found;
}

test("a gateway without a link brings its samples by stick, running and stopped, and syncs later: each is stored once", async (t) => {
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  const edge = (...args: readonly string[]): Promise<string> =>
    command(programs.edge, ...args, "--settings", rig.gatewaySettings);
  const hub = (...args: readonly string[]): Promise<string> =>
    command(programs.hub, ...args, "--settings", rig.hubSettings);
  const newStick = (name: string): string => {
    mkdirSync(join(rig.folder, name));
    return join(rig.folder, name);
  };

  // Before there is a hub the gateway has no road to one.
  await rig.startGateway();
  await produce(rig, someReadings);
  await rig.kill("runtime");
  await produce(rig, someReadings);
  const first = newStick("stick-1");
  t.diagnostic(await edge("export", "--to", first));
  const own = fingerprintIn(await edge("key"));

  await rig.startHub();
  await assert.rejects(hub("import", "--from", first), /has never met gateway/);
  assert.match(await hub("import", "--from", first, "--accept", own), /Stored now [1-9]/);
  assert.match(await hub("import", "--from", first), /Stored now 0 with 0 samples/);
  assert.deepEqual(
    readdirSync(first).filter((name) => name.startsWith("marks-")),
    ["marks-line-1.json"],
  );
  await assert.rejects(edge("take-marks", "--from", first), /has not met this hub's key yet/);
  const hubKey = fingerprintIn(await hub("key"));
  t.diagnostic(await edge("take-marks", "--from", first, "--accept", hubKey));

  await produce(rig, someReadings);
  await rig.stopGateway();
  const second = newStick("stick-2");
  t.diagnostic(await edge("export", "--to", second));
  assert.match(await hub("import", "--from", second), /Stored now [1-9]/);
  // The gateway has a road from here on, and finds most of it gone already.
  await rig.startGateway();
  await produce(rig, someReadings);
  const { verdict, hubUnexplained } = await comeToRest(rig);
  t.diagnostic(summaryOf(verdict));
  assert.deepEqual(verdict.unexplained, []);
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
});
