/** What every frame store must do when gateways say hello: a part of its contract suite. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { threeFrames, type TestFrame } from "./test-gateway.ts";
import { receivedUs, type StoreRig } from "./test-store-rig.ts";

export function describeMeetings({ open, nextGateway, take }: StoreRig): void {
  describe("meetings", () => {
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
  });
}
