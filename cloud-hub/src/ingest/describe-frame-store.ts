/** What every frame store must do. Run by the store in PostgreSQL and by the one in memory. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ClockRecord, LaneMark, LedgerEntry, TagId } from "@millwright/wire-contract";

import { admit, type AdmittedFrame, type AdmittedVoid } from "./admission.ts";
import { describeEvents } from "./describe-events.ts";
import type { FrameStore, Intake, Rejected, Taken } from "./frame-store.ts";
import { damaged, forked, TestGateway, type TestFrame } from "./test-gateway.ts";

let gateways = 0;
const nextGateway = (): TestGateway => new TestGateway(`gw-${++gateways}`);
const receivedUs = 1_800_000_000_000_000;

export function describeFrameStore(name: string, open: () => FrameStore): void {
  describe(name, () => {
    const take = (gateway: TestGateway, ...frames: readonly TestFrame[]): Promise<Taken> =>
      open().takeIn(intakeOf(gateway, frames));
    const markOf = async (gateway: TestGateway, of: TestFrame): Promise<LaneMark | undefined> =>
      (await open().marks(gateway.gateway)).find(
        (mark) => mark.lane === of.lane && mark.epoch === of.epoch,
      );
    const unexplained = async (gateway: TestGateway): Promise<number> => {
      const known = await open().gateway(gateway.gateway);
      return (known?.balances ?? []).reduce(
        (sum, one) => sum + Math.abs(one.announced - one.stored - one.voided),
        0,
      );
    };

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
      assert.equal(known?.balances[0]?.stored, one.sampleCount + two.sampleCount);
      assert.equal(known.balances[0].voided, three.sampleCount);
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
      const atHand = new Map([[gateway.dictionary.hash, gateway.dictionary]]);
      const again = await open().newestDictionary(gateway.gateway, atHand);
      assert.equal(again?.hash, gateway.dictionary.hash);
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

    describeEvents(open, nextGateway, take);

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

    test("epochs rank in the order of the hello, and frames of a later one carry the greater rank", async () => {
      const gateway = nextGateway();
      const early = gateway.samples([[0, 1, 1]]);
      gateway.newEpoch();
      const late = gateway.samples([[0, 2, 2]]);
      await open().hello(gateway.hello(), receivedUs);
      const taken = await take(gateway, early, late);
      const rankOf = (frame: TestFrame): number =>
        taken.stored.find((one) => one.head.epoch === frame.epoch)?.epochRank ?? NaN;
      assert.ok(rankOf(late) > rankOf(early));
    });

    test("a hello is answered with the marks and a session that rises", async () => {
      const gateway = nextGateway();
      const frames = threeFrames(gateway);
      const first = await open().hello(gateway.hello(), receivedUs);
      await take(gateway, ...frames);
      const second = await open().hello(gateway.hello(), receivedUs);
      assert.ok(second.session > first.session);
      assert.equal(second.incarnation, first.incarnation);
      assert.equal(second.marks.find((mark) => mark.lane === "live")?.storedSeq, 3);
      assert.equal((await open().gateway(gateway.gateway))?.hello?.name, "Press shop");
    });

    test("a journal that was put back is claimed by what its clock said in the newest frame that came", async () => {
      const gateway = nextGateway();
      const first = gateway.hello();
      await open().hello(first, receivedUs);
      // It said 1, 2 and 3 s.
      await take(gateway, ...threeFrames(gateway));
      const [copied] = first.epochs;
      assert.ok(copied !== undefined);
      const parent = gateway.epoch;
      const again = {
        epoch: gateway.newEpoch(),
        parent,
        lastCommitUs: 9_000_000,
        startedUs: 30_000_000,
        lanes: [],
      };
      const journal = { epoch: parent, startedUs: 0 };
      await open().hello(gateway.hello({ journal, epochs: [copied, again] }), receivedUs + 5);
      const entries = await open().entriesBetween(gateway.gateway, -1e15, 1e15, 10);
      assert.deepEqual(
        entries.map(({ reason, fromUs, toUs }) => [reason, fromUs, toUs]),
        [["gateway down", -7_000_000, 30_000_000]],
      );
    });

    test("a lost journal is claimed by all that its clock said since it was complete, and by nothing before", async () => {
      const gateway = nextGateway();
      const lost = gateway.epoch;
      await open().hello(gateway.hello({ journal: { epoch: lost, startedUs: 0 } }), receivedUs);
      // A frame of these is sealed each second, the first when the clock says 1 s.
      const stepAt = (atS: number, stepS: number, segment: number): TestFrame =>
        gateway.clock({
          segment,
          offsetUs: 0,
          disciplined: true,
          atUs: atS * 1e6,
          cause: "stepped",
          stepUs: stepS * 1e6,
        });
      const early = stepAt(1, -5_000, 2);
      const complete = { upToUs: 2e6, criticalSeq: 1, liveSeq: 0, historySeq: 0 };
      const named = gateway.seal("live", "samples", new Uint8Array(0), { complete });
      const step = stepAt(3, -600, 3);
      const again = stepAt(-500, 70, 4);
      await take(gateway, early, named, step, again);

      gateway.newEpoch();
      const journal = { epoch: gateway.epoch, startedUs: 9e6 };
      await open().hello(gateway.hello({ journal, epochs: [{ ...journal, lanes: [] }] }), 9e6);
      const entries = await open().entriesBetween(gateway.gateway, -1e15, 1e15, 10);
      assert.deepEqual(
        entries.map(({ reason, fromUs, toUs }) => [reason, fromUs, toUs]),
        [["journal lost", 2e6, 603e6]],
      );
    });

    test("a gateway that was promised more than there is gets a new incarnation", async () => {
      const gateway = nextGateway();
      const { incarnation } = await open().hello(gateway.hello(), receivedUs);
      const hello = gateway.hello({ incarnation });
      const promised = {
        ...hello,
        epochs: hello.epochs.map((epoch) => ({
          ...epoch,
          lanes: epoch.lanes.map((lane) => ({ ...lane, storedSeq: 9 })),
        })),
      };
      const answer = await open().hello(promised, receivedUs);
      assert.notEqual(answer.incarnation, incarnation);
      assert.equal(await open().incarnation(), answer.incarnation);
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
        found.map(({ gateway, balances }) => [gateway, balances.length]),
        [[one.gateway, 1]],
      );
    });
  });
}

function threeFrames(gateway: TestGateway): [TestFrame, TestFrame, TestFrame] {
  return [
    gateway.samples([[0, 1, 1]]),
    gateway.samples([
      [0, 2, 2],
      [1, 20, 2],
    ]),
    gateway.samples([
      [0, 3, 3],
      [1, 30, 3],
      [0, 31, 3],
    ]),
  ];
}

export function intakeOf(gateway: TestGateway, sent: readonly TestFrame[]): Intake {
  const frames: AdmittedFrame[] = [];
  const voids: AdmittedVoid[] = [];
  for (const { bytes, lane } of sent) {
    const verdict = admit(bytes, gateway.gateway, lane, () => gateway.dictionary);
    if (verdict.kind === "frame") frames.push(verdict.frame);
    else if (verdict.kind === "void") voids.push(verdict.gap);
    else assert.fail(verdict.reason);
  }
  return { receivedUs, frames, voids, rejected: [] };
}

function hex(frame: TestFrame): string {
  return frame.chain.toString(16).padStart(16, "0");
}
