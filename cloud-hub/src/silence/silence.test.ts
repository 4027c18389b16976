/** Ends of connections over a real database: they outlive the broker that told them and the hub that noted them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";

import { brokenAudit } from "../database/audit.ts";
import type { BrokerConnection, BrokerConnections } from "../hand-over.ts";
import { testTables } from "../test-tables.ts";
import { ConnectionStore } from "./connection-store.ts";
import type { HeardGateway } from "./judge-silence.ts";
import { openSilence, type SilenceDesk } from "./silence-desk.ts";

const tables = testTables();
const s = 1_000_000;
const beginUs = 1_800_000_000 * s;
let nowUs = beginUs;

/** Of which it says what a test puts there. */
const said: { ended: BrokerConnection[]; open: BrokerConnection[]; fails: string } = {
  ended: [],
  open: [],
  fails: "",
};
const broker: BrokerConnections = {
  ended() {
    if (said.fails !== "") return Promise.reject(new Error(said.fails));
    const connections = [...said.ended];
    return Promise.resolve({ connections, kept: () => (said.ended = []) });
  },
  open: () => Promise.resolve(said.open),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function connection(id: number, reason: string, endedS?: number): BrokerConnection {
  const end = endedS === undefined ? {} : { endedUs: beginUs + endedS * s };
  return {
    ...{ server: "broker-1", id, name: "gw-1", address: "10.0.0.7", reason },
    ...{ beganUs: beginUs - 500 * s, ...end },
  };
}

const gateways: readonly HeardGateway[] = [
  {
    ...{ gateway: "gw-1", site: "Brno", presence: "silent" },
    ...{ sinceUs: beginUs, lastBeatUs: beginUs },
  },
];

function startHub(): SilenceDesk {
  return openSilence(tables.url, {
    gateways: () => gateways,
    isGateway: (id) => id === "gw-1" || id === "gw-2",
    ...{ broker, cutOffUs: () => undefined, keepDays: 10, log: silentLog },
    clock: { ...systemClock, nowUs: () => nowUs },
  });
}

/** @returns the causes, and the kinds of the clues */
async function asked(hub: SilenceDesk): Promise<readonly [string, readonly string[]]> {
  // What was asked a moment ago is not asked again.
  nowUs += 5 * s;
  const silence = await hub.of("gw-1");
  assert.ok(silence !== undefined);
  return [silence.likely.join(" or "), silence.clues.map(({ kind }) => kind)];
}

test("what the broker told of an end outlives the broker and the hub, and one that asks twice is told once", async () => {
  nowUs = beginUs - 600 * s;
  let hub = startHub();
  nowUs = beginUs + 40 * s;
  said.open = [connection(7, "")];
  assert.deepEqual(await asked(hub), ["network or power", ["open", "no others"]]);
  said.open = [];
  said.ended = [connection(7, "Stale Connection", 30)];
  assert.deepEqual(await asked(hub), ["network or power", ["given up", "no others"]]);
  said.ended = [connection(7, "Stale Connection", 30)];
  await asked(hub);
  assert.equal((await new ConnectionStore(tables.pool).newest("gw-1", undefined, 10)).length, 1);

  // A broker that was started anew knows nothing of before, and one that does not answer says so.
  await hub[Symbol.asyncDispose]();
  hub = startHub();
  assert.deepEqual(await asked(hub), [
    "network or power",
    ["given up", "no others", "hub listens since"],
  ]);
  said.fails = "it does not listen";
  const [likely, clues] = await asked(hub);
  assert.equal(likely, "network or power");
  assert.deepEqual(clues.at(-1), "broker not asked");
  said.fails = "";
  assert.equal(await hub.of("gw-nobody"), undefined);
  await hub[Symbol.asyncDispose]();
});

test("what is older than it is kept goes, and of each gateway what is more than it may have, and both stand in the audit log", async () => {
  const store = new ConnectionStore(tables.pool);
  const ends = Array.from({ length: 30 }, (_, at) => ({
    ...connection(100 + at, "Client Closed", 0),
    ...{ gateway: "gw-1", endedUs: beginUs - at * 3_600 * s },
  }));
  await store.keep(ends);
  await store.expire(beginUs - 20 * 3_600 * s, 10, nowUs);
  const left = await store.newest("gw-1", undefined, 100);
  assert.equal(left.length, 10);
  assert.deepEqual(left[0]?.endedUs, beginUs + 30 * s);
  assert.equal(await store.expire(beginUs - 20 * 3_600 * s, 10, nowUs), 0);
  const audit = await tables.pool.query<{ details: { connections: number } }>(
    "select details from audit_log where act = 'connections expired'",
  );
  assert.deepEqual(
    audit.rows.map(({ details }) => details.connections),
    [21],
  );
  assert.equal(await brokenAudit(tables.pool), undefined);
});

test("where each gateway came from last is known to the next hub", async () => {
  const addresses = await new ConnectionStore(tables.pool).addresses();
  assert.deepEqual([...addresses], [["gw-1", "10.0.0.7"]]);
});

test("who comes from the address of a gateway and says no name is told, and is its own where no other comes from there", async () => {
  const nameless = (id: number): BrokerConnection => ({
    ...connection(id, "Authentication Timeout", 60),
    ...{ name: "", beganUs: beginUs + 58 * s },
  });
  const last = { ...connection(300, "Client Closed", 1), beganUs: beginUs - 100 * s };
  said.ended = [last, nameless(301), nameless(302)];
  said.open = [];
  const hub = startHub();
  assert.deepEqual(await asked(hub), [
    "network",
    ["said nothing", "closed", "no others", "hub listens since"],
  ]);
  said.ended = [{ ...connection(303, "Client Closed", 2), name: "gw-2" }];
  assert.deepEqual(await asked(hub), [
    "program or network",
    ["closed", "no others", "nameless", "hub listens since"],
  ]);
  await hub[Symbol.asyncDispose]();
});
