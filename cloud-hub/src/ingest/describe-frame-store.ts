/**
 * What every frame store must do. Run by the store in PostgreSQL and by the one in memory. Here: what is taken in, how far the
 * mark goes, and what goes to quarantine.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { admit } from "./admission.ts";
import { describeEvents } from "./describe-events.ts";
import { describeMeetings } from "./describe-meetings.ts";
import { describeReading } from "./describe-reading.ts";
import { describeUnmetEpochs } from "./describe-unmet-epochs.ts";
import type { FrameStore, Rejected } from "./frame-store.ts";
import { damaged, forked, TestGateway, threeFrames, type TestFrame } from "./test-gateway.ts";
import { intakeOf, receivedUs, storeRig } from "./test-store-rig.ts";

export function describeFrameStore(name: string, open: () => FrameStore): void {
  describe(name, () => {
    const rig = storeRig(open);
    const { nextGateway, take, markOf, unexplained } = rig;

    test("frames in order move the mark to the last of them", async () => {
      const gateway = nextGateway();
      const frames = threeFrames(gateway);
      const taken = await take(gateway, ...frames);
      assert.equal(taken.stored.length, 3);
      const [mark] = taken.marks;
      assert.equal(mark?.mark.storedSeq, 3);
      assert.equal(mark.mark.safeSeq, 3);
      assert.equal(mark.mark.chain, hex(frames[2]));
      assert.deepEqual(await markOf(gateway, frames[0]), mark.mark);
      assert.equal(await unexplained(gateway), 0);
    });

    test("a frame above a hole is stored and not promised until the hole is filled", async () => {
      const gateway = nextGateway();
      const [one, two, three] = threeFrames(gateway);
      await take(gateway, three, one);
      assert.equal((await markOf(gateway, one))?.storedSeq, 1);
      const taken = await take(gateway, two);
      assert.equal(taken.stored.length, 1);
      assert.equal((await markOf(gateway, one))?.storedSeq, 3);
    });

    test("a frame that comes again is counted as a repeat and stored once", async () => {
      const gateway = nextGateway();
      const [one, two] = threeFrames(gateway);
      await take(gateway, one, two);
      const again = await take(gateway, one, two, two);
      assert.equal(again.stored.length, 0);
      assert.equal(again.repeats, 3);
      assert.equal(again.marks.length, 0);
      assert.equal(await unexplained(gateway), 0);
    });

    test("a void takes the mark over frames that are gone, and the frame after it fits", async () => {
      const gateway = nextGateway();
      const [one, two, three] = threeFrames(gateway);
      const four = gateway.samples([[0, 4, 4]]);
      await take(gateway, one, four);
      await take(gateway, gateway.void(two, three));
      assert.equal((await markOf(gateway, one))?.storedSeq, 4);
      assert.equal(await unexplained(gateway), 0);
    });

    test("a frame that arrives after its void is stored and shrinks what the void is charged", async () => {
      const gateway = nextGateway();
      const [one, two, three] = threeFrames(gateway);
      await take(gateway, one, gateway.void(two, three));
      const taken = await take(gateway, two);
      assert.equal(taken.stored.length, 1);
      const known = await open().gateway(gateway.gateway);
      assert.equal(known?.balance.stored, one.sampleCount + two.sampleCount);
      assert.equal(known.balance.voided, three.sampleCount);
      assert.equal(await unexplained(gateway), 0);
    });

    test("another frame under a known number goes to quarantine as a fork", async () => {
      const gateway = nextGateway();
      const [one, two] = threeFrames(gateway);
      await take(gateway, one, two);
      const taken = await take(gateway, forked(two));
      assert.equal(taken.stored.length, 0);
      assert.equal(taken.quarantined, 1);
      assert.equal((await markOf(gateway, one))?.chain, hex(two));
      const known = await open().gateway(gateway.gateway);
      assert.equal(known?.quarantined, 1);
      // Delivered again it is the same fork.
      await take(gateway, forked(two));
      assert.equal((await open().gateway(gateway.gateway))?.quarantined, 1);
    });

    test("frames of a twin that wait above the mark make room at once, with all that follow them", async () => {
      const gateway = nextGateway();
      const twin = new TestGateway(gateway.gateway);
      const own = [1, 2, 3, 4].map((at) => gateway.samples([[0, at, at]]));
      const others = [1, 2, 3, 4].map((at) => twin.samples([[0, -at, at]]));
      await take(gateway, ...others.slice(1));
      const taken = await take(gateway, ...own);
      assert.deepEqual(
        taken.marks.map(({ mark }) => mark.storedSeq),
        [4],
      );
      assert.deepEqual([taken.stored.length, taken.quarantined], [4, 3]);
      assert.equal(await unexplained(gateway), 0);
    });

    test("a fork that waited above the mark makes room for the true frame", async () => {
      const gateway = nextGateway();
      const [one, two, three] = threeFrames(gateway);
      await take(gateway, forked(two), three);
      const taken = await take(gateway, one);
      assert.equal(taken.quarantined, 1);
      assert.equal((await markOf(gateway, one))?.storedSeq, 1);
      await take(gateway, two);
      assert.equal((await markOf(gateway, one))?.storedSeq, 3);
    });

    test("rejected bytes are kept for a person and move nothing", async () => {
      const gateway = nextGateway();
      const [one] = threeFrames(gateway);
      const bytes = damaged(one);
      const rejected: Rejected = {
        gateway: gateway.gateway,
        lane: "live",
        reason: "the CRC of the frame is wrong",
        bytes,
      };
      const taken = await open().takeIn({
        receivedUs,
        frames: [],
        voids: [],
        rejected: [rejected],
      });
      assert.equal(taken.quarantined, 1);
      assert.equal(await markOf(gateway, one), undefined);
      const row = (await open().quarantine(100)).find((each) => each.gateway === gateway.gateway);
      assert.equal(row?.reason, "the CRC of the frame is wrong");
      assert.equal(row.bytes, bytes.length);
    });

    test("an undecodable frame counts as stored, lets the mark pass, and shows in the quarantine", async () => {
      const gateway = nextGateway();
      const frames = threeFrames(gateway);
      const intake = intakeOf(gateway, frames);
      const [first, ...rest] = intake.frames;
      assert.ok(first !== undefined);
      const taken = await open().takeIn({
        ...intake,
        frames: [{ ...first, undecodable: "from the future" }, ...rest],
      });
      assert.equal(taken.quarantined, 1);
      assert.equal((await markOf(gateway, frames[0]))?.storedSeq, 3);
      assert.equal(await unexplained(gateway), 0);
      const read = await open().samplesBetween(gateway.gateway, 0, 10, 100);
      assert.deepEqual(
        read.map((frame) => frame.head.seq),
        [2, 3],
      );
    });

    test("a frame found undecodable later leaves the samples and shows in the quarantine", async () => {
      const gateway = nextGateway();
      // They came before their dictionary: nobody had decoded them when they were stored.
      const frames = threeFrames(gateway).map(({ bytes, lane }) => {
        const verdict = admit(bytes, gateway.gateway, lane, () => undefined);
        assert.ok(verdict.kind === "frame");
        return verdict.frame;
      });
      await open().takeIn({ receivedUs, frames, voids: [], rejected: [] });
      const [stored] = await open().samplesBetween(gateway.gateway, 0, 10, 100);
      assert.ok(stored !== undefined);
      await open().noteUndecodable(stored, "no such layout", receivedUs);
      assert.equal((await open().samplesBetween(gateway.gateway, 0, 10, 100)).length, 2);
      assert.equal((await open().gateway(gateway.gateway))?.quarantined, 1);
    });

    test("two workers that take the same frames at once store each frame once", async () => {
      const gateway = nextGateway();
      const frames = Array.from({ length: 40 }, (_, at) => gateway.samples([[0, at, at]]));
      const takes = await Promise.all([
        take(gateway, ...frames.slice(0, 30)),
        take(gateway, ...frames.slice(10)),
        take(gateway, ...frames.toReversed()),
      ]);
      const stored = takes.reduce((sum, taken) => sum + taken.stored.length, 0);
      const repeats = takes.reduce((sum, taken) => sum + taken.repeats, 0);
      assert.equal(stored, 40);
      assert.equal(repeats, 60);
      assert.equal((await markOf(gateway, frames[0] as TestFrame))?.storedSeq, 40);
      assert.equal(await unexplained(gateway), 0);
    });

    describeMeetings(rig);
    describeReading(rig);
    describeUnmetEpochs(rig);
    describeEvents(rig);
  });
}

function hex(frame: TestFrame): string {
  return frame.chain.toString(16).padStart(16, "0");
}
