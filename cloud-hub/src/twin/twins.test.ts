import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import {
  BatchScratch,
  encodeDictionary,
  makeDictionary,
  type TagId,
} from "@millwright/wire-contract";

import type { StoredFrame } from "../hand-over.ts";
import { admit, type AdmittedFrame } from "../ingest/admission.ts";
import { dictionariesTold } from "../ingest/dictionaries-told.ts";
import { MemoryStore } from "../ingest/store-memory.ts";
import { TestGateway, testTag, type TestFrame } from "../ingest/test-gateway.ts";
import { Twins } from "./twins.ts";

interface Rig {
  readonly store: MemoryStore;
  readonly twins: Twins;
  readonly undecodable: StoredFrame[];
  /** Stores the frames and lets the twins see the commit, with the samples not decoded yet. */
  readonly take: (gateway: TestGateway, ...frames: readonly TestFrame[]) => Promise<void>;
}

function rig(): Rig {
  const store = new MemoryStore(seededRandom(1));
  const undecodable: StoredFrame[] = [];
  const twins = new Twins({
    reader: store,
    clock: new PlayedClock(),
    log: silentLog,
    undecodable: (frame) => undecodable.push(frame),
  });
  return {
    store,
    twins,
    undecodable,
    take: async (gateway, ...sent) => {
      const frames = sent.map(({ bytes, lane }): AdmittedFrame => {
        const verdict = admit(bytes, gateway.gateway, lane, () => undefined);
        assert.ok(verdict.kind === "frame");
        return verdict.frame;
      });
      const taken = await store.takeIn({ receivedUs: 1, frames, voids: [], rejected: [] });
      twins.take({
        stored: taken.stored,
        dictionaries: dictionariesTold(frames, taken),
        touched: new Set([gateway.gateway]),
      });
      await twins.settled();
    },
  };
}

const valueOf = (twins: Twins, gateway: TestGateway, tag: string): unknown =>
  twins.table(gateway.gateway)?.values([tag])[0]?.v;

test("after a start the twins are what they were before it", async () => {
  const { store, twins, take } = rig();
  const gateway = new TestGateway("gw");
  await store.hello(gateway.hello(), 0);
  await take(gateway, gateway.dictionaryFrame());
  for (let at = 0; at < 20; at++) await take(gateway, gateway.samples([[at % 2, at, 1_000 - at]]));
  const again = new Twins({
    reader: store,
    clock: new PlayedClock(),
    log: silentLog,
    undecodable: () => assert.fail("every frame can be decoded"),
  });
  await again.load(gateway.gateway);
  assert.deepEqual(
    again.table(gateway.gateway)?.values([]),
    twins.table(gateway.gateway)?.values([]),
  );
  assert.equal(valueOf(again, gateway, "pump/t1"), 19);
});

test("samples wait for their dictionary, and are found undecodable if it does not fit them", async () => {
  const { store, twins, take, undecodable } = rig();
  const gateway = new TestGateway("gw");
  await store.hello(gateway.hello(), 0);
  const dictionary = gateway.dictionaryFrame();
  const good = gateway.samples([[1, 5, 5]]);
  await take(gateway, good);
  assert.equal(valueOf(twins, gateway, "pump/t1"), undefined);
  await take(gateway, dictionary);
  assert.equal(valueOf(twins, gateway, "pump/t1"), 5);
  assert.equal(undecodable.length, 0);
});

test("a frame that waits for its dictionary is right when its columns have others' samples by then", async () => {
  const { store, twins, take } = rig();
  const gateway = new TestGateway("gw");
  await store.hello(gateway.hello(), 0);
  const scratch = new BatchScratch();
  const [dictionary, sent] = [gateway.dictionaryFrame(), gateway.samples([[0, 21, 5]])];
  const verdict = admit(sent.bytes, gateway.gateway, sent.lane, () => gateway.dictionary, scratch);
  assert.ok(verdict.kind === "frame" && verdict.frame.samples !== undefined);
  const frames = [verdict.frame];
  const { stored } = await store.takeIn({ receivedUs: 1, frames, voids: [], rejected: [] });
  twins.take({ stored, dictionaries: [], touched: new Set() });
  scratch.begin();
  const other = gateway.samples([[0, 99, 6]]);
  admit(other.bytes, gateway.gateway, other.lane, () => gateway.dictionary, scratch);
  assert.equal(verdict.frame.samples.value[0], 99);
  await take(gateway, dictionary);
  assert.equal(valueOf(twins, gateway, "pump/t0"), 21);
  // What is read back has its own.
  const [again] = await store.samplesBetween(gateway.gateway, 0, 10, 10);
  assert.equal(again?.samples, undefined);
});

test("when the journal is replaced, numbers mean other tags and old values do not stay under new names", async () => {
  const { store, twins, take } = rig();
  const old = new TestGateway("gw");
  await store.hello(old.hello(), 0);
  await take(old, old.dictionaryFrame(), old.samples([[0, 1, 1]]));

  const replaced = new TestGateway("gw", [
    testTag(0, { id: "oven/pressure" as TagId }),
    testTag(1, { id: "oven/level" as TagId }),
  ]);
  replaced.epochs.length = 0;
  replaced.epoch = "f".repeat(32) as typeof replaced.epoch;
  replaced.epochs.push(old.epoch, replaced.epoch);
  await store.hello(replaced.hello(), 0);
  await take(replaced, replaced.dictionaryFrame());
  assert.equal(valueOf(twins, replaced, "oven/pressure"), null);
  await take(replaced, replaced.samples([[0, 9, 9]]));
  assert.equal(valueOf(twins, replaced, "oven/pressure"), 9);
  // A frame of the old journal that is delivered late says nothing about the new tags.
  await take(old, old.samples([[0, 2, 2]]));
  assert.equal(valueOf(twins, replaced, "oven/pressure"), 9);
});

test("who listens hears of twins that were there and of those that come; nobody collects for nobody", async () => {
  const { store, twins, take } = rig();
  const [one, two] = [new TestGateway("gw-one"), new TestGateway("gw-two")];
  for (const gateway of [one, two]) await store.hello(gateway.hello(), 0);
  await take(one, one.dictionaryFrame(), one.samples([[0, 1, 1]]));
  assert.equal(twins.table(one.gateway)?.watched, false);
  const heard: string[] = [];
  const stop = twins.onChanged((gateway, tags) => heard.push(`${gateway} ${tags.join(" ")}`));
  await take(one, one.samples([[1, 2, 2]]));
  await take(two, two.dictionaryFrame(), two.samples([[0, 3, 3]]));
  assert.deepEqual(heard, ["gw-one pump/t1", "gw-two pump/t0"]);
  stop();
  await take(one, one.samples([[0, 4, 4]]));
  assert.equal(heard.length, 2);
  assert.equal(twins.table(two.gateway)?.watched, false);
  assert.equal(valueOf(twins, one, "pump/t0"), 4);
});

test("a frame of an epoch that no hello has named is shown after the hello, and none that was acquired before it (N9)", async () => {
  const { store, twins, take } = rig();
  const gateway = new TestGateway("gw");
  const [older, newer] = [gateway.samples([[1, 1, 1]]), gateway.samples([[1, 2, 2]])];
  await take(gateway, gateway.dictionaryFrame(), newer);
  assert.notEqual(valueOf(twins, gateway, "pump/t1"), 2);

  await store.hello(gateway.hello(), 0);
  twins.greeted(gateway.gateway);
  await twins.settled();
  assert.equal(valueOf(twins, gateway, "pump/t1"), 2);

  await take(gateway, older);
  assert.equal(valueOf(twins, gateway, "pump/t1"), 2);
});

test("what tags are called is read again after the hello, when dictionaries came before it", async () => {
  const { store, twins, take } = rig();
  const before = testTag(0, { name: "Before" });
  const gateway = new TestGateway("gw", [before]);
  const first = gateway.dictionaryFrame();
  gateway.newEpoch();
  const renamed = makeDictionary([testTag(0, { name: "After" })]);
  const second = gateway.seal("critical", "dictionary", encodeDictionary(renamed));
  // The later epoch comes first, so nothing says that it is the later one.
  await take(gateway, second);
  await take(gateway, first);

  await store.hello(gateway.hello(), 0);
  twins.greeted(gateway.gateway);
  await twins.settled();
  assert.equal(twins.dictionary(gateway.gateway)?.hash, renamed.hash);
});

test("what the store did not answer is asked again with the next commit, and the values are shown", async () => {
  const { store, twins, take } = rig();
  const gateway = new TestGateway("gw");
  await store.hello(gateway.hello(), 0);
  const asks = store.newestDictionaries.bind(store);
  store.newestDictionaries = () => Promise.reject(new Error("connection terminated"));
  await take(gateway, gateway.dictionaryFrame(), gateway.samples([[0, 1, 1]]));
  await take(gateway, gateway.samples([[0, 2, 2]]));
  assert.equal(valueOf(twins, gateway, "pump/t0"), undefined);
  store.newestDictionaries = asks;
  await take(gateway, gateway.samples([[1, 3, 3]]));
  assert.deepEqual(
    ["pump/t0", "pump/t1"].map((tag) => valueOf(twins, gateway, tag)),
    [2, 3],
  );
});

test("a fleet whose values could not be read is made again one gateway after the other", async () => {
  const { store, twins, take } = rig();
  const fleet = ["gw-a", "gw-b", "gw-c"].map((name) => new TestGateway(name));
  const dictionaries = store.newestDictionaries.bind(store);
  store.newestDictionaries = () => Promise.reject(new Error("connection terminated"));
  for (const gateway of fleet) {
    await store.hello(gateway.hello(), 0);
    await take(gateway, gateway.dictionaryFrame(), gateway.samples([[0, 1, 1]]));
  }
  store.newestDictionaries = dictionaries;
  const samples = store.newestSamples.bind(store);
  let [reading, most] = [0, 0];
  store.newestSamples = async (...asked) => {
    most = Math.max(most, ++reading);
    await new Promise(setImmediate);
    reading--;
    return samples(...asked);
  };
  const touched = new Set(fleet.map(({ gateway }) => gateway));
  twins.take({ stored: [], dictionaries: [], touched });
  await twins.settled();
  assert.deepEqual(
    fleet.map((gateway) => valueOf(twins, gateway, "pump/t0")),
    [1, 1, 1],
  );
  assert.equal(most, 1);
});

test("a gateway that has only been heard of has no values to show", () => {
  const { twins } = rig();
  const { gateway } = new TestGateway("gw");
  twins.take({ stored: [], dictionaries: [], touched: new Set([gateway]) });
  assert.equal(twins.table(gateway), undefined);
});
