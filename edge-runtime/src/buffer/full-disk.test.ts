import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { parseFrame } from "@millwright/wire-contract";

import { batchOf, device, framesOf, newRig, tag } from "./test-rig.ts";
import { Transactions } from "./transactions.ts";

/** What SQLite says of a write for which the disk has no room. */
class NoRoom extends Error {
  readonly code = "SQLITE_FULL";
}

interface Disk {
  /** It has room for so many groups of samples more. Whatever is smaller finds room. */
  groups: number;
  /** Called while a group finds no room. */
  meanwhile: () => void;
}

function limitDisk(t: TestContext): Disk {
  const disk: Disk = { groups: Infinity, meanwhile: () => undefined };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the `this` that it is called with below
  const write = Transactions.prototype.write;
  t.mock.method(
    Transactions.prototype,
    "write",
    function (this: Transactions, ...asked: Parameters<typeof write>) {
      if (asked[0] === "commit" && disk.groups-- <= 0) {
        disk.meanwhile();
        throw new NoRoom();
      }
      return write.apply(this, asked);
    },
  );
  return disk;
}

for (const end of ["close", "abandon"] as const) {
  test(`what came while the disk was full is claimed, when only what had waited found room before the ${end}`, async (t) => {
    const rig = newRig(t);
    const disk = limitDisk(t);
    const first = rig.open();
    await first.adoptTags([tag("t1")]);
    await first.commit();
    disk.groups = 0;
    const waitsUs = rig.clock.nowUs();
    assert(first.append(batchOf([1], waitsUs)));
    await first.commit();
    await rig.clock.advance(100);
    const refusedUs = rig.clock.nowUs();
    for (let second = 0; second < 60; second++) {
      const refused = batchOf([2], rig.clock.nowUs());
      assert(!first.append(refused));
      first.chargeRefused(refused);
      await rig.clock.advance(1_000);
    }
    disk.groups = 1;
    await first.commit();
    await first[end]();
    disk.groups = Infinity;

    const second = rig.open();
    await second.adoptTags([tag("t1")]);
    const claims = await second.gaps({ device }, 0, rig.clock.nowUs());
    const down = claims.find(({ reason }) => reason === "gateway down");
    assert.ok((down?.fromUs ?? Infinity) <= refusedUs, JSON.stringify(claims));

    // From the first group on that did not wait, a claim begins with it again.
    await rig.clock.advance(60_000);
    const keptUs = rig.clock.nowUs();
    assert(second.append(batchOf([3], keptUs)));
    await second.commit();
    await second.abandon();
    const third = rig.open();
    await third.adoptTags([tag("t1")]);
    const [last] = (await third.gaps({ device }, 0, rig.clock.nowUs())).filter(
      ({ reason, toUs }) => reason === "gateway down" && toUs >= keptUs,
    );
    assert.equal(last?.fromUs, keptUs);
  });
}

test("the hub is told of nothing as complete that was still in memory when what had waited found room", async (t) => {
  const rig = newRig(t);
  const disk = limitDisk(t);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  disk.groups = 0;
  assert(journal.append(batchOf([1], rig.clock.nowUs())));
  const laterUs = rig.clock.nowUs();
  disk.meanwhile = () => {
    disk.meanwhile = () => undefined;
    assert(journal.append(batchOf([2], laterUs)));
  };
  await journal.commit();
  await rig.clock.advance(30_000);
  disk.groups = 1;
  await journal.commit();
  disk.groups = Infinity;
  await rig.clock.advance(30_000);
  const [first, second] = (await framesOf(journal, "live")).map(({ bytes }) => parseFrame(bytes));
  assert(first?.kind === "frame" && second?.kind === "frame");
  const { complete } = second.head;
  assert.ok(complete !== undefined);
  assert.ok(complete.upToUs <= laterUs, `${complete.upToUs - laterUs} µs too late`);
});
