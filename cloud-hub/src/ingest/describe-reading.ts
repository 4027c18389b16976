/** What every frame store must answer of what it has taken in: a part of its contract suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ClockRecord, DeviceId, LedgerEntry, TagId } from "@millwright/wire-contract";

import { threeFrames, type TestFrame } from "./test-gateway.ts";
import { intakeOf, receivedUs, type StoreRig } from "./test-store-rig.ts";

export function describeReading({ open, nextGateway, take, unexplained }: StoreRig): void {
  describe("reading", () => {
    test("frames are found by the time of their samples and by their arrival, whole", async () => {
      const gateway = nextGateway();
      const frames = threeFrames(gateway);
      await take(gateway, ...frames);
      const found = await open().samplesBetween(gateway.gateway, 2, 2, 100);
      assert.deepEqual(
        found.map((frame) => frame.head.seq),
        [2],
      );
      const newest = await open().newestSamples(gateway.gateway, 0, 2);
      assert.deepEqual(
        newest.map((frame) => frame.head.seq),
        [3, 2],
      );
      assert.equal((await open().newestSamples(gateway.gateway, receivedUs, 2)).length, 0);
    });

    test("the dictionary of the newest epoch is the one in force", async () => {
      const gateway = nextGateway();
      await take(gateway, gateway.dictionaryFrame());
      const { hash } = gateway.dictionary;
      assert.equal((await open().newestDictionary(gateway.gateway))?.hash, hash);
      assert.equal((await open().dictionary(gateway.gateway, hash))?.tags.length, 2);
      assert.equal(await open().dictionary(gateway.gateway, 1n), undefined);
    });

    test("dictionaries that come at once are kept, also where two epochs sealed the same one", async () => {
      const [gateway, other] = [nextGateway(), nextGateway()];
      const first = gateway.dictionaryFrame();
      gateway.newEpoch();
      const both = intakeOf(gateway, [first, gateway.dictionaryFrame()]);
      const { frames } = intakeOf(other, [other.dictionaryFrame()]);
      await open().takeIn({ ...both, frames: [...both.frames, ...frames] });
      const found = await open().newestDictionary(gateway.gateway);
      assert.equal(found?.hash, gateway.dictionary.hash);
      assert.equal((await open().newestDictionary(other.gateway))?.size, 2);
      const asked = [gateway.gateway, other.gateway, nextGateway().gateway];
      assert.deepEqual(
        [...(await open().newestDictionaries(asked))].toSorted(),
        [
          [gateway.gateway, gateway.dictionary.hash],
          [other.gateway, other.dictionary.hash],
        ].toSorted(),
      );
    });

    test("ledger entries of one number and two contents are both kept, equal ones once", async () => {
      const gateway = nextGateway();
      const entry: LedgerEntry = {
        number: 1,
        reason: "device unreachable",
        scope: { kind: "tag", tag: "pump/t0" as TagId },
        fromUs: 10,
        toUs: 20,
        count: { kind: "scheduled", samples: 5 },
      };
      const other: LedgerEntry = { ...entry, toUs: 30, count: { kind: "unknown" } };
      await take(gateway, gateway.ledger([entry]), gateway.ledger([entry, other]));
      assert.deepEqual(await open().entriesBetween(gateway.gateway, 0, 100, 10), [entry, other]);
      assert.deepEqual(await open().entriesBetween(gateway.gateway, 25, 100, 10), [other]);
    });

    test("entries of one tag are found among however many of others", async () => {
      const gateway = nextGateway();
      const count = { kind: "unknown" } as const;
      const entryOf = (
        number: number,
        entry: Pick<LedgerEntry, "scope" | "reason">,
      ): LedgerEntry => {
        return { number, ...entry, fromUs: number * 10, toUs: number * 10 + 5, count };
      };
      const [wanted, other] = ["pump/t0" as TagId, "pump/t1" as TagId];
      const reason = "device overload";
      const mine = [
        entryOf(1, { reason, scope: { kind: "tag", tag: wanted } }),
        entryOf(2, { reason, scope: { kind: "device", device: "plc-1" as DeviceId } }),
        entryOf(3, { reason: "gateway down", scope: { kind: "gateway" } }),
      ];
      const others = [4, 5, 6, 7].flatMap((number) => [
        entryOf(10 * number, { reason, scope: { kind: "tag", tag: other } }),
        entryOf(10 * number + 1, {
          reason,
          scope: { kind: "device", device: "plc-2" as DeviceId },
        }),
        entryOf(10 * number + 2, { reason: "told within bound", scope: { kind: "gateway" } }),
      ]);
      await take(gateway, gateway.ledger([...mine, ...others]));
      const reasons = ["device overload", "gateway down"] as const;
      const of = { tags: [wanted], devices: ["plc-1"], reasons };
      assert.deepEqual(await open().entriesBetween(gateway.gateway, 0, 1_000, 3, of), mine);
    });

    test("clock records are kept once, in the order in which the gateway knew them", async () => {
      const gateway = nextGateway();
      const tell = (record: ClockRecord): TestFrame => gateway.clock(record);
      const unset: ClockRecord = {
        segment: 7,
        offsetUs: 0,
        disciplined: false,
        atUs: 10,
        cause: "started",
      };
      const set: ClockRecord = {
        segment: 8,
        offsetUs: 0,
        disciplined: true,
        atUs: 5_000,
        cause: "stepped",
        stepUs: 4_000,
      };
      const corrected: ClockRecord = {
        segment: 7,
        offsetUs: 4_000,
        disciplined: true,
        atUs: 5_001,
      };
      await take(gateway, tell(unset), tell(set), tell(corrected), tell(unset), tell(corrected));
      const all = [unset, set, corrected];
      assert.deepEqual(await open().clockRecords(gateway.gateway, 0, 1e6, 10), all);
      assert.deepEqual(await open().clockRecords(gateway.gateway, 11, 1e6, 1), [corrected]);
      assert.equal(await unexplained(gateway), 0);
    });

    test("the last beat of a gateway is kept", async () => {
      const gateway = nextGateway();
      const beat = {
        version: 1 as const,
        gateway: gateway.gateway,
        nowUs: 5,
        devices: [],
        waitingFrames: 1,
        waitingSamples: 2,
        oldestWaitingMs: 3,
        unexplained: 0,
        stopping: true,
      };
      await open().keepBeats(new Map([[gateway.gateway, { beat, receivedUs: 7 }]]));
      const known = (await open().gateways()).find((one) => one.gateway === gateway.gateway);
      assert.deepEqual(known?.lastBeat, beat);
      assert.equal(known.lastBeatUs, 7);
    });

    test("of gateways that are named those are answered that are known", async () => {
      const [one, other, unknown] = [nextGateway(), nextGateway(), nextGateway()];
      await open().takeIn(intakeOf(one, threeFrames(one)));
      await open().takeIn(intakeOf(other, threeFrames(other)));
      const found = await open().gateways([unknown.gateway, one.gateway]);
      assert.deepEqual(
        found.map(({ gateway, balance }) => [gateway, balance]),
        [[one.gateway, { announced: 6, stored: 6, voided: 0, unexplained: 0 }]],
      );
    });
  });
}
