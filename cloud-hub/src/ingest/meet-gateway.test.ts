import assert from "node:assert/strict";
import { test } from "node:test";

import type { Epoch, EpochPosition, GatewayId, Hello } from "@millwright/wire-contract";

import { meetGateway, type KnownEpoch, type Meeting } from "./meet-gateway.ts";

const epoch = (name: string): Epoch => name.padStart(32, "0") as Epoch;
const [a, b, c, r] = [epoch("a"), epoch("b"), epoch("c"), epoch("d")];

/** The hub's clock. */
const nowUs = 6_000;
const secondUs = 1_000_000;

function position(
  of: Epoch,
  startedUs: number,
  change: Partial<Pick<EpochPosition, "parent" | "lastCommitUs">> = {},
): EpochPosition {
  return { epoch: of, startedUs, ...change, lanes: [] };
}

function hello(birth: Epoch, ...epochs: readonly EpochPosition[]): Hello {
  return {
    version: 1,
    gateway: "gw" as GatewayId,
    name: "",
    site: "",
    hmi: "",
    software: "",
    epochs,
    journal: { epoch: birth, startedUs: epochs[0]?.startedUs ?? 0 },
  };
}

/** What the hub knows after these hellos, as a store keeps it. */
class Book {
  #epochs = new Map<Epoch, KnownEpoch>();
  #running: Epoch | undefined;

  hear(said: Hello, putBack: readonly Epoch[] = [], hubsUs = nowUs): Meeting {
    const known = [...this.#epochs.values()];
    const met = meetGateway(known, this.#running, said, [], new Set(putBack), true, hubsUs);
    for (const { epoch: of, parent, startedUs } of said.epochs) {
      const before = this.#epochs.get(of);
      this.#epochs.set(of, {
        epoch: of,
        rank: before?.rank ?? met.ranks.get(of),
        parent,
        startedUs,
        completeUs: before?.completeUs ?? met.begins.get(of),
        ended: before?.ended ?? false,
        fenced: (before?.fenced ?? false) || (met.fenced && of === said.epochs.at(-1)?.epoch),
        heard: before?.heard,
        steps: before?.steps ?? [],
      });
    }
    for (const of of met.ended) this.change(of, { ended: true });
    for (const [of, completeUs] of met.covered) this.change(of, { completeUs });
    this.#running = met.running;
    return met;
  }

  change(of: Epoch, change: Partial<KnownEpoch>): void {
    const known = this.#epochs.get(of);
    assert(known !== undefined);
    this.#epochs.set(of, { ...known, ...change });
  }
}

const rangesOf = ({ claims }: Meeting): readonly unknown[] =>
  claims.map(({ reason, fromUs, toUs }) => [reason, fromUs, toUs]);

test("the first journal of a gateway took the place of none", () => {
  const book = new Book();
  const met = book.hear(hello(a, position(a, 100)));
  assert.deepEqual(met.claims, []);
  assert.equal(met.running, a);
  assert.deepEqual([...met.begins], [[a, 100]]);
});

test("a new journal of which a hub that was put back has got frames before its hello is claimed all the same", () => {
  const old: KnownEpoch = {
    epoch: a,
    rank: 1_024,
    parent: undefined,
    startedUs: 100,
    completeUs: 300,
    ended: false,
    fenced: false,
    heard: undefined,
    steps: [],
  };
  const fromFrames = { ...old, epoch: r, rank: undefined, startedUs: 0, completeUs: undefined };
  const met = meetGateway(
    [old, fromFrames],
    a,
    hello(r, position(r, 500)),
    [],
    new Set(),
    true,
    nowUs,
  );
  assert.deepEqual(rangesOf(met), [["journal lost", 300, 500]]);
});

test("where the clock of a new journal is behind, the claim holds for its times and for right ones", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  // Its clock says 2,000 less than the hub's.
  const met = book.hear({ ...hello(r, position(r, 1_500)), nowUs: nowUs - 2_000 });
  assert.deepEqual(rangesOf(met), [["journal lost", -1_000, 3_500]]);
});

test("a journal that was lost with a clock ahead is claimed up to where that clock had come", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  // At 2,000 by the hub's clock it said 3,500; it ran on until the new journal began.
  book.change(a, { completeUs: 1_500, heard: { saidUs: 3_500, atUs: 2_000 } });
  const met = book.hear({ ...hello(r, position(r, 2_600)), nowUs });
  assert.deepEqual(rangesOf(met), [["journal lost", 1_500, 4_100]]);
});

test("a journal whose clock was moved twice is claimed by all three clocks", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  // Ahead by 50,000 when it was complete; then far behind, and right at last.
  book.change(a, {
    completeUs: 51_500,
    heard: { saidUs: 2_500, atUs: 2_500 },
    steps: [
      { beforeUs: 52_000, afterUs: -8_000 },
      { beforeUs: -7_800, afterUs: 2_200 },
    ],
  });
  const [lost] = book.hear({ ...hello(r, position(r, 2_600)), nowUs }).claims;
  assert.equal(lost?.reason, "journal lost");
  assert.ok(lost.fromUs <= -8_000 && lost.toUs >= 52_000, `${lost.fromUs} to ${lost.toUs}`);
});

test("a journal whose clock was right is claimed up to the start of the new one, and no further", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  book.change(a, { completeUs: 1_500, heard: { saidUs: 1_990, atUs: 2_000 } });
  const met = book.hear({ ...hello(r, position(r, 2_600)), nowUs });
  assert.deepEqual(rangesOf(met), [["journal lost", 1_500, 2_600]]);
});

test("what a journal had before it was put back is claimed by the clock that the hub has heard", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 20_000_000)));
  // It had committed at 21 s when it was copied; then its clock was set back, and the hub got frames of 20.5 s.
  book.change(a, { heard: { saidUs: 20_500_000, atUs: 21_500_000 } });
  const started = child(b, a, 22_000_000, 21_000_000);
  const met = book.hear(hello(a, position(a, 20_000_000), started), [a]);
  assert.deepEqual(rangesOf(met), [["gateway down", 10_500_000, 22_000_000]]);
  assert.deepEqual(rangesOf(book.hear(hello(a, position(a, 20_000_000), started), [a])), []);
});

test("a journal that was put back under a clock that is behind is claimed for right times, too", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  const said = hello(a, position(a, 1_000), child(b, a, 4_000, 3_000));
  const met = book.hear({ ...said, nowUs: nowUs - 500 }, [a]);
  assert.deepEqual(rangesOf(met), [["gateway down", 2_500, 4_500]]);
});

test("where the hub hears that a clock was set back, a start is claimed by the clock before, too", () => {
  const book = new Book();
  book.hear(hello(a, position(a, secondUs)));
  // It was right; then nobody heard it for eight seconds, in which it was set back by three.
  book.change(a, { heard: { saidUs: 2 * secondUs, atUs: 2 * secondUs } });
  const first = child(b, a, 6 * secondUs, 3 * secondUs);
  const second = child(c, b, 6.5 * secondUs, 6.2 * secondUs);
  const said = { ...hello(a, position(a, secondUs), first, second), nowUs: 7 * secondUs };
  // A journal may have been put back at either start.
  assert.deepEqual(rangesOf(book.hear(said, [], 10 * secondUs)), [
    ["gateway down", 0, 9 * secondUs],
    ["gateway down", 3.2 * secondUs, 9.5 * secondUs],
  ]);
  assert.deepEqual(rangesOf(book.hear(said, [], 10 * secondUs)), []);
});

test("a hello that took long shows no step", () => {
  const book = new Book();
  book.hear(hello(a, position(a, secondUs)));
  book.change(a, { heard: { saidUs: 2 * secondUs, atUs: 2 * secondUs } });
  const said = hello(a, position(a, secondUs), child(b, a, 6 * secondUs, 3 * secondUs));
  assert.deepEqual(rangesOf(book.hear({ ...said, nowUs: 9.95 * secondUs }, [], 10 * secondUs)), []);
});

test("a start of a journal that nobody put back is claimed by the gateway alone", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 1_000)));
  const said = hello(a, position(a, 1_000), child(b, a, 4_000, 3_000));
  assert.deepEqual(rangesOf(book.hear({ ...said, nowUs: nowUs - 500 })), []);
});

test("a new journal is claimed from where the one before is complete, once", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  book.change(a, { completeUs: 250 });
  assert.deepEqual(rangesOf(book.hear(hello(r, position(r, 900)))), [["journal lost", 250, 900]]);
  assert.deepEqual(rangesOf(book.hear(hello(r, position(r, 900)))), []);
  // The next one that is lost: the first was claimed already.
  book.change(r, { completeUs: 1_000 });
  const third = book.hear(hello(c, position(c, 2_000)));
  assert.deepEqual(rangesOf(third), [["journal lost", 900, 2_000]]);
});

test("the least of all epochs that have not ended counts: lanes of an older one may lag behind", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  book.change(a, { completeUs: 150 });
  book.hear(hello(a, { ...position(a, 100), lanes: [lane(9)] }, child(b, a, 300)));
  book.change(b, { completeUs: 800 });
  assert.deepEqual(rangesOf(book.hear(hello(r, position(r, 900)))), [["journal lost", 150, 900]]);
});

test("an epoch that its own journal no longer names has ended", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  assert.deepEqual(book.hear(hello(a, child(b, a, 300))).ended, [a]);
  book.change(b, { completeUs: 800 });
  assert.deepEqual(rangesOf(book.hear(hello(r, position(r, 900)))), [["journal lost", 800, 900]]);
});

test("a copy that goes on by itself is complete up to where it was copied at most", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  book.change(a, { completeUs: 700 });
  // It was copied at 400, and what the other one has told since says nothing of it.
  const met = book.hear(hello(a, child(b, a, 750, 400)));
  assert.deepEqual([...met.begins], [[b, 400]]);
});

test("of two copies the one that was started last has the name", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  assert.equal(book.hear(hello(a, child(b, a, 200))).fenced, false);
  const second = book.hear(hello(a, child(c, a, 300)));
  assert.equal(second.fenced, false);
  assert.equal(second.running, c);
  const first = book.hear(hello(a, child(b, a, 200)));
  assert.equal(first.fenced, true);
  assert.equal(first.running, c);
  // Of one origin: nothing is lost by it.
  assert.deepEqual(first.claims, []);
});

test("a journal that was thought lost and lives shows that a copy was lost, whose beginning nobody knows", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  book.change(a, { completeUs: 800 });
  book.hear(hello(r, position(r, 900)));
  const alive = book.hear(hello(a, position(a, 100)));
  assert.equal(alive.fenced, true);
  assert.deepEqual(rangesOf(alive), [["restored copy", 100 - 25 * 3_600_000_000, nowUs]]);
  assert.deepEqual(rangesOf(book.hear(hello(a, position(a, 100)))), []);
});

test("a clock that was set back does not turn a claim around", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 100)));
  book.change(a, { completeUs: 5_000 });
  // The new clock is behind by as much as the first time of the new journal: what was made by it may be so old.
  assert.deepEqual(rangesOf(book.hear(hello(r, position(r, 900)))), [
    ["journal lost", 5_000 - (nowUs - 900), nowUs],
  ]);
});

test("a start in 1970 after one whose clock was set is claimed up to now", () => {
  const book = new Book();
  book.hear(hello(a, position(a, 700_000)));
  book.change(a, { completeUs: 800_000, ended: true });
  book.hear(hello(a, child(b, a, 10)));
  book.change(b, { completeUs: 15 });
  const [lost] = book.hear(hello(r, position(r, 20))).claims;
  assert.equal(lost?.reason, "journal lost");
  assert.ok(lost.fromUs <= 15 && lost.toUs >= 800_000, `${lost.fromUs} to ${lost.toUs}`);
});

function child(
  of: Epoch,
  parent: Epoch,
  startedUs: number,
  lastCommitUs = startedUs,
): EpochPosition {
  return position(of, startedUs, { parent, lastCommitUs });
}

function lane(headSeq: number): EpochPosition["lanes"][number] {
  const chain = "0".repeat(16);
  return { lane: "live", baseSeq: 0, baseChain: chain, storedSeq: 0, headSeq, headChain: chain };
}
