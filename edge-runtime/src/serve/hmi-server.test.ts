import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock } from "@millwright/kit";

import type { AccessDoor } from "../hand-over.ts";
import { HmiServer, type HmiViews } from "./hmi-server.ts";

/** Nobody signs in here. */
const nobody: AccessDoor = {
  person: () => undefined,
  require: () => ({ kind: "refused", status: 401, reason: "nobody is signed in" }),
  audit: () => Promise.resolve(),
};

/** @param views only what is asked for */
async function newServer(context: TestContext, views: Partial<HmiViews>): Promise<HmiServer> {
  const server = new HmiServer({
    host: "127.0.0.1",
    port: 0,
    names: [],
    views: views as HmiViews,
    clock: new PlayedClock(),
    routes: [],
    door: nobody,
  });
  await server.start();
  context.after(() => server.stop());
  return server;
}

test("a monitoring system is told what is unexplained, and of each device what became of its readings", async (context) => {
  const journal = {
    ...{ received: 12, sent: 11, dropped: 1, failed: 0, commitP50Ms: 1, commitP99Ms: 2 },
    ...{ bytesWritten: 4_096, journalBytes: 2_048, bytesMax: 65_536, full: false },
  };
  const device = { device: "pump-1", due: 9, read: 7, lost: 1, unexplained: 1 };
  const server = await newServer(context, {
    counters: () => ({ unexplained: 1, clock: "set", journal, devices: [device] }),
  });
  const told = (await (await fetch(`${server.url}/metrics`)).text())
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(told, [
    "unexplained_samples 1",
    'device_unexplained_readings{device="pump-1"} 1',
    'device_readings_due_total{device="pump-1"} 9',
    'device_readings_total{device="pump-1"} 7',
    'device_readings_lost_total{device="pump-1"} 1',
    "samples_received_total 12",
    "samples_kept_total 11",
    "samples_refused_total 1",
    "samples_rejected_total 0",
    "journal_bytes 2048",
    "journal_bytes_max 65536",
    "journal_written_bytes_total 4096",
  ]);
});

test("the buffer clock says how long there is room, and what an outage of some hours would do", async (context) => {
  const asked: number[] = [];
  const buffer: HmiViews["buffer"] = (outageS) => {
    asked.push(outageS);
    return Promise.resolve({
      thinsInS: 1_000.4,
      shedsInS: 2_000.6,
      refusesInS: Infinity,
      exposesInS: Infinity,
      marginS: 0,
      outageS,
      thinnedBytes: 5,
      shedS: 10.4,
      refusedS: 0,
    });
  };
  const server = await newServer(context, { buffer });

  const answer = await fetch(`${server.url}/api/buffer?outageHours=2`);
  assert.deepEqual(await answer.json(), {
    thinsInS: 1_000,
    shedsInS: 2_001,
    refusesInS: null,
    exposesInS: null,
    marginS: 0,
    outageS: 7_200,
    thinnedBytes: 5,
    shedS: 10.4,
    refusedS: 0,
  });
  assert.deepEqual(asked, [7_200]);
  assert.equal((await fetch(`${server.url}/api/buffer?outageHours=soon`)).status, 400);
});
