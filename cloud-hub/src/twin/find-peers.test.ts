import assert from "node:assert/strict";
import { test } from "node:test";

import { makeDictionary, type TagDefinition, type TagId } from "@millwright/wire-contract";

import { testTag } from "../ingest/test-gateway.ts";
import { findPeers, type PeerGateway, type Peers } from "./find-peers.ts";

type Change = Partial<TagDefinition>;

function gatewayOf(gateway: string, site: string, ...tags: readonly Change[]): PeerGateway {
  const dictionary = makeDictionary(tags.map((change, index) => testTag(index, change)));
  return { gateway, name: gateway.toUpperCase(), site, dictionary };
}

const rms = (asset: string, change: Change = {}): Change => ({
  ...{ name: "Vibration RMS", unit: "mm/s", asset, id: `${asset}/rms` as TagId },
  ...change,
});

const askedOf = (gateways: readonly PeerGateway[]): Peers | undefined =>
  findPeers(gateways, { gateway: "a", tag: "p1/rms" });

const namesOf = (peers: Peers | undefined): readonly string[] | undefined =>
  peers?.machines.map(({ gateway, asset }) => `${gateway} ${asset}`);

test("machines with a value of the same name, unit and kind are found, the nearest first", () => {
  const peers = askedOf([
    gatewayOf("far", "Lyon", rms("p9")),
    gatewayOf("b", "Brno", rms("p3"), rms("p2", { name: " vibration rms" })),
    gatewayOf("a", "Brno", rms("p0"), rms("p1"), rms("p1", { name: "Speed", id: "x" as TagId })),
    { gateway: "new", name: "New", site: "Brno", dictionary: undefined },
  ]);
  assert.deepEqual(namesOf(peers), ["a p1", "a p0", "b p2", "b p3", "far p9"]);
  assert.equal(peers?.unlike, 0);
});

test("another unit or kind is not the same value, and is counted; once for each machine, and not where it has the same as well", () => {
  const peers = askedOf([
    gatewayOf("a", "Brno", rms("p1"), rms("p1", { unit: "in/s", id: "other" as TagId })),
    gatewayOf(
      "b",
      "Brno",
      rms("p2", { unit: "in/s" }),
      rms("p2", { kind: "counter", id: "count" as TagId }),
      rms("p3", { texts: new Map([[1, "on"]]) }),
      rms("p4"),
      rms("p4", { unit: "in/s", id: "p4/inch" as TagId }),
    ),
  ]);
  assert.deepEqual(namesOf(peers), ["a p1", "b p4"]);
  assert.equal(peers?.unlike, 2);
});

test("of two values of one machine the first counts, and of the machine that was asked for the one that was asked for", () => {
  const peers = askedOf([
    gatewayOf("a", "Brno", rms("p1", { id: "before" as TagId }), rms("p1")),
    gatewayOf("b", "Brno", rms("p2"), rms("p2", { id: "after" as TagId })),
  ]);
  assert.deepEqual(
    peers?.machines.map(({ tag }) => tag),
    ["p1/rms", "p2/rms"],
  );
});

test("a value that nobody has named is called by its id without its device", () => {
  const unnamed = (device: string): Change => {
    const id = `${device}/rms` as TagId;
    return { id, name: id, device: device as TagDefinition["device"], asset: device, unit: "mm/s" };
  };
  const peers = askedOf([
    gatewayOf("a", "Brno", unnamed("p1")),
    gatewayOf("b", "Brno", unnamed("p2"), rms("p3", { name: "RMS" })),
  ]);
  assert.deepEqual(namesOf(peers), ["a p1", "b p2", "b p3"]);
});

test("states, texts and counts have no mean, and what is not there has nothing", () => {
  for (const change of [
    { kind: "state" },
    { kind: "counter" },
    { kind: "text", type: "string" },
    { type: "bool" },
    { texts: new Map([[1, "on"]]) },
  ] as const) {
    assert.equal(askedOf([gatewayOf("a", "Brno", rms("p1", change))]), undefined);
  }
  assert.equal(askedOf([gatewayOf("b", "Brno", rms("p1"))]), undefined);
  assert.equal(askedOf([gatewayOf("a", "Brno", rms("p2"))]), undefined);
});
