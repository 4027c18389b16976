import assert from "node:assert/strict";
import { test } from "node:test";

import { makeDictionary, type GatewayId } from "@millwright/wire-contract";

import { DictionaryShelf } from "./dictionary-shelf.ts";
import { testTag } from "./test-gateway.ts";

test("a fleet of 5,000 gateways has its dictionaries at hand: each is fetched once", async () => {
  const dictionary = makeDictionary(Array.from({ length: 50 }, (_, at) => testTag(at)));
  let asked = 0;
  const shelf = new DictionaryShelf({
    dictionary: () => {
      asked++;
      return Promise.resolve(dictionary);
    },
  });
  const wanted = Array.from({ length: 5_000 }, (_, at) => ({
    gateway: `gw-${at}` as GatewayId,
    hash: dictionary.hash,
  }));
  for (let round = 0; round < 3; round++) {
    for (const one of wanted) await shelf.fetch([one]);
  }
  assert.equal(asked, wanted.length);
  assert.equal(shelf.get("gw-0" as GatewayId, dictionary.hash), dictionary);
});

test("what is at hand is bounded by its tags: those that were put first leave first", () => {
  const dictionary = makeDictionary(Array.from({ length: 10_000 }, (_, at) => testTag(at)));
  const shelf = new DictionaryShelf({ dictionary: () => Promise.resolve(undefined) });
  for (let at = 0; at < 60; at++) shelf.put(`gw-${at}` as GatewayId, dictionary);
  const here = (at: number): boolean =>
    shelf.get(`gw-${at}` as GatewayId, dictionary.hash) !== undefined;
  assert.deepEqual([here(9), here(10), here(59)], [false, true, true]);
  shelf.clear();
  assert.equal(here(59), false);
});
