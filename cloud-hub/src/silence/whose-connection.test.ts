import assert from "node:assert/strict";
import { test } from "node:test";

import type { BrokerConnection } from "../hand-over.ts";
import { endsOfGateways, knownBy } from "./whose-connection.ts";

function connection(id: number, name: string, address: string, isOpen = false): BrokerConnection {
  const end = isOpen ? {} : { endedUs: id + 1 };
  return {
    ...{ server: "s", id, name, address, reason: "TLS Handshake Failure" },
    ...{ beganUs: id, ...end },
  };
}

const isGateway = (id: string): boolean => id.startsWith("gw-");

function ends(
  connections: readonly BrokerConnection[],
  addresses: Readonly<Record<string, string>> = {},
): readonly string[] {
  const known = new Map(Object.entries(addresses));
  return endsOfGateways(connections, isGateway, known).map(({ id, gateway }) => `${id} ${gateway}`);
}

test("a connection belongs to the gateway whose name it said, and that of another client is nobody's", () => {
  const all = [connection(1, "gw-1", "10.0.0.1"), connection(2, "hub", "10.0.0.1")];
  assert.deepEqual(ends(all), ["1 gw-1"]);
});

test("one without a name is noted where a gateway is known to come from, and nowhere else", () => {
  const nameless = connection(9, "", "10.0.0.1");
  assert.deepEqual(ends([nameless], { "gw-1": "10.0.0.1" }), ["9 "]);
  assert.deepEqual(ends([nameless, connection(1, "gw-2", "10.0.0.1")]), ["9 ", "1 gw-2"]);
  assert.deepEqual(ends([nameless], { "gw-1": "10.0.0.2" }), []);
});

test("what is open has not ended", () => {
  assert.deepEqual(ends([connection(1, "gw-1", "10.0.0.1", true)]), []);
});

test("an address tells whose connection it is, when one gateway alone comes from there", () => {
  const at = (address: string, ...gateways: readonly string[]): string =>
    knownBy(connection(9, "", address), new Map(gateways.map((id) => [id, address])));
  assert.equal(at("10.0.0.1", "gw-1"), "address");
  assert.equal(at("10.0.0.1", "gw-1", "gw-2"), "shared address", "behind one router");
  assert.equal(at("127.0.0.1", "gw-1"), "shared address", "on the machine of the broker");
  assert.equal(knownBy(connection(9, "gw-1", "127.0.0.1"), new Map()), "name");
});
