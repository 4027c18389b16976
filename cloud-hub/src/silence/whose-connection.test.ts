import assert from "node:assert/strict";
import { test } from "node:test";

import type { BrokerConnection } from "../hand-over.ts";
import { endsOfGateways } from "./whose-connection.ts";

function connection(id: number, name: string, address: string, isOpen = false): BrokerConnection {
  const end = isOpen ? {} : { endedUs: id + 1 };
  const times = { beganUs: id, ...end };
  return { ...{ server: "s", id, name, address }, reason: "TLS Handshake Failure", ...times };
}

const isGateway = (id: string): boolean => id.startsWith("gw-");

function ends(
  connections: readonly BrokerConnection[],
  addresses: Readonly<Record<string, string>> = {},
): readonly string[] {
  const known = new Map(Object.entries(addresses));
  return endsOfGateways(connections, isGateway, known).map(
    ({ id, gateway, named }) => `${id} ${gateway}${named ? "" : " by its address"}`,
  );
}

test("a connection belongs to the gateway whose name it said, and others are nobody's", () => {
  const all = [connection(1, "gw-1", "10.0.0.1"), connection(2, "hub", "10.0.0.2")];
  assert.deepEqual(ends([...all, connection(3, "", "10.0.0.3")]), ["1 gw-1"]);
});

test("one that said no name belongs to the gateway that came from there last, when it is one alone", () => {
  const nameless = connection(9, "", "10.0.0.1");
  assert.deepEqual(ends([nameless], { "gw-1": "10.0.0.1" }), ["9 gw-1 by its address"]);
  assert.deepEqual(ends([nameless], { "gw-1": "10.0.0.1", "gw-2": "10.0.0.1" }), []);
  const moved = connection(5, "gw-1", "10.0.0.5", true);
  assert.deepEqual(ends([nameless, moved], { "gw-1": "10.0.0.1" }), []);
});

test("on the machine of the broker an address says nothing", () => {
  assert.deepEqual(ends([connection(9, "", "127.0.0.1")], { "gw-1": "127.0.0.1" }), []);
});

test("what is open has not ended", () => {
  assert.deepEqual(ends([connection(1, "gw-1", "10.0.0.1", true)]), []);
});
