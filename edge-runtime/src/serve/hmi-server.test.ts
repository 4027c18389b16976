import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";

import type { AccessDoor } from "../hand-over.ts";
import { HmiServer, type HmiViews } from "./hmi-server.ts";

/** Nobody signs in here. */
const nobody: AccessDoor = {
  person: () => undefined,
  require: () => ({ kind: "refused", status: 401, reason: "nobody is signed in" }),
  audit: () => Promise.resolve(),
};

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
  // Only what is asked for is there.
  const views = { buffer } as HmiViews;
  const server = new HmiServer({
    host: "127.0.0.1",
    port: 0,
    names: [],
    views,
    clock: new PlayedClock(),
    routes: [],
    door: nobody,
  });
  await server.start();
  context.after(() => server.stop());

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
