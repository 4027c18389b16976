/** What every frame store must do with epochs that it meets by their frames, before a hello names them: a part of its contract suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  encodeDictionary,
  makeDictionary,
  type Dictionary,
  type Epoch,
} from "@millwright/wire-contract";

import { unrankedEpoch } from "../hand-over.ts";
import { testTag, type TestFrame, type TestGateway } from "./test-gateway.ts";
import { receivedUs, type StoreRig } from "./test-store-rig.ts";

export function describeUnmetEpochs({
  open,
  nextGateway,
  take,
  markOf,
  unexplained,
}: StoreRig): void {
  describe("epochs that their frames tell of first", () => {
    for (const [what, order] of Object.entries(orders)) {
      test(`two of one gateway may come in one batch, ${what}`, async () => {
        const gateway = nextGateway();
        const lives = [lifeOf(gateway), lifeOf(gateway)] as const;
        const batches = order(...lives);
        for (const batch of batches) {
          const { stored, quarantined } = await take(gateway, ...batch);
          assert.equal(stored.length, batch.length);
          assert.equal(quarantined, 0);
          assert.ok(stored.every(({ epochRank }) => epochRank === unrankedEpoch));
        }
        for (const { critical, live } of lives) {
          assert.equal((await markOf(gateway, critical))?.storedSeq, 2);
          assert.equal((await markOf(gateway, live))?.storedSeq, 2);
        }
        assert.equal(await unexplained(gateway), 0);

        await open().hello(gateway.hello(), receivedUs);
        const found = await open().samplesBetween(gateway.gateway, 0, 1e9, 10);
        const [parent, child] = gateway.epochs;
        assert.deepEqual(
          found.map(({ head }) => head.epoch),
          [parent, parent, child, child],
        );
        assert.ok((found[0]?.epochRank ?? NaN) < (found[2]?.epochRank ?? NaN));
        assert.ok((found[0]?.epochRank ?? NaN) > unrankedEpoch);
      });
    }

    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ] as const) {
      test(`the last epoch says which dictionary is in force, when they come in the order ${order.join(" ")}`, async () => {
        const gateway = nextGateway();
        // Settings that were changed and put back: the first and the last have the same.
        const [one, other] = [gateway.dictionary, makeDictionary([testTag(0, { name: "Other" })])];
        const lives = [one, other, one].map((dictionary, at) => {
          if (at > 0) gateway.newEpoch();
          return dictionaryFrame(gateway, dictionary);
        });
        for (const at of order) await take(gateway, ...lives.slice(at, at + 1));
        await open().hello(gateway.hello(), receivedUs);
        const newest = await open().newestDictionaries([gateway.gateway]);
        assert.equal(newest.get(gateway.gateway), one.hash);
      });
    }

    test("within an epoch the number of its frame says which dictionary is in force, and no clock", async () => {
      const gateway = nextGateway();
      const before = dictionaryFrame(gateway, makeDictionary([testTag(0, { name: "Before" })]));
      const after = dictionaryFrame(gateway, gateway.dictionary);
      await take(gateway, after);
      await take(gateway, before);
      const newest = await open().newestDictionary(gateway.gateway);
      assert.equal(newest?.hash, gateway.dictionary.hash);
    });

    test("a step of the clock that is told again before the frame that told of it is the same step", async () => {
      const gateway = nextGateway();
      const lost = gateway.epoch;
      await open().hello(gateway.hello({ journal: { epoch: lost, startedUs: 0 } }), receivedUs);
      const tell = (): TestFrame =>
        gateway.clock({
          ...{ segment: 2, offsetUs: 0, disciplined: true, cause: "stepped" },
          ...{ atUs: 1e6, stepUs: -5_000e6 },
        });
      const told = tell();
      // A frame of these is sealed each second: told so much later, it is no news.
      for (let at = 0; at < 12; at++) gateway.samples([[0, at, at]]);
      const again = tell();
      await take(gateway, again);
      await take(gateway, told);

      gateway.newEpoch();
      const journal = { epoch: gateway.epoch, startedUs: 9e6 };
      await open().hello(gateway.hello({ journal, epochs: [{ ...journal, lanes: [] }] }), 9e6);
      const entries = await open().entriesBetween(gateway.gateway, -1e15, 1e15, 10);
      assert.deepEqual(
        entries.map(({ reason, fromUs, toUs }) => [reason, fromUs, toUs]),
        [["journal lost", 0, 5_001e6]],
      );
    });
  });
}

/** Two frames of the critical lane and two of the live lane, of an epoch of its own. */
interface Life {
  readonly epoch: Epoch;
  readonly critical: TestFrame;
  readonly live: TestFrame;
  readonly frames: { readonly critical: readonly TestFrame[]; readonly live: readonly TestFrame[] };
}

function lifeOf(gateway: TestGateway): Life {
  // The first epoch is there from the beginning.
  if (gateway.frames.length > 0) gateway.newEpoch();
  const at = gateway.frames.length;
  const [dictionary, ledger] = [gateway.dictionaryFrame(), gateway.ledger([])];
  const [one, two] = [gateway.samples([[0, at, at + 1]]), gateway.samples([[1, at, at + 2]])];
  return {
    epoch: gateway.epoch,
    critical: ledger,
    live: two,
    frames: { critical: [dictionary, ledger], live: [one, two] },
  };
}

const all = ({ frames }: Life): readonly TestFrame[] => [...frames.critical, ...frames.live];

const orders: Readonly<Record<string, (parent: Life, child: Life) => readonly TestFrame[][]>> = {
  "the first one first": (parent, child) => [[...all(parent), ...all(child)]],
  "the later one first": (parent, child) => [[...all(child), ...all(parent)]],
  "critical frames last": (parent, child) => [
    [...child.frames.live, ...parent.frames.live],
    [...child.frames.critical, ...parent.frames.critical],
  ],
  "critical frames of the first one after all others": (parent, child) => [
    [...child.frames.live, ...child.frames.critical, ...parent.frames.live],
    [...parent.frames.critical],
  ],
};

function dictionaryFrame(gateway: TestGateway, dictionary: Dictionary): TestFrame {
  return gateway.seal("critical", "dictionary", encodeDictionary(dictionary));
}
