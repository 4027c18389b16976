import assert from "node:assert/strict";
import { test } from "node:test";

import { chainAfter } from "@millwright/wire-contract";
import fc from "fast-check";

import {
  decideLane,
  nothingReleased,
  emptyPrefix,
  type ChainedFrame,
  type ChainedVoid,
  type PrefixMark,
} from "./prefix.ts";

/** A lane as one journal sealed it, `salt` making another journal of it. */
function sealLane(counts: readonly number[], salt = 0): ChainedFrame[] {
  const frames: ChainedFrame[] = [];
  let chain = 0n;
  let cum = 0;
  for (const [index, sampleCount] of counts.entries()) {
    const seq = index + 1;
    const contentCrc = (sampleCount * 7919 + seq * 104_729 + salt) >>> 0;
    chain = chainAfter(chain, seq, contentCrc);
    cum += sampleCount;
    frames.push({ seq, chain, contentCrc, cum, sampleCount });
  }
  return frames;
}

function voidOf(lane: readonly ChainedFrame[], from: number, to: number): ChainedVoid {
  const last = lane[to - 1];
  const before = lane[from - 2];
  assert.ok(last !== undefined);
  return {
    fromSeq: from,
    toSeq: to,
    chainBefore: before?.chain ?? 0n,
    chainAt: last.chain,
    cum: last.cum,
    sampleCount: last.cum - (before?.cum ?? 0),
  };
}

/** A store that holds what the decisions say. */
class Kept {
  mark: PrefixMark = emptyPrefix;
  readonly frames = new Map<number, ChainedFrame>();
  readonly voids: ChainedVoid[] = [];
  readonly forks: ChainedFrame[] = [];

  take(frames: readonly ChainedFrame[], voids: readonly ChainedVoid[] = []): void {
    const known = {
      mark: this.mark,
      frames: [...this.frames.values()],
      voids: this.voids,
      released: nothingReleased,
    };
    const decision = decideLane(known, frames, voids);
    assert.equal(
      decision.store.length +
        decision.forks.length +
        decision.repeats +
        decision.storeVoids.length +
        decision.voidForks.length,
      frames.length + voids.length,
      "what comes in is stored, a repeat or a fork",
    );
    for (const seq of decision.unfit) {
      const moved = this.frames.get(seq);
      assert.ok(moved !== undefined && moved.seq > this.mark.seq, "only waiting frames are moved");
      this.forks.push(moved);
      this.frames.delete(seq);
    }
    for (const frame of decision.store) {
      assert.equal(this.frames.has(frame.seq), false);
      this.frames.set(frame.seq, frame);
    }
    this.forks.push(...decision.forks);
    this.voids.push(...decision.storeVoids);
    assert.ok(decision.mark.seq >= this.mark.seq, "a mark never goes back");
    this.mark = decision.mark;
    assert.equal(
      this.mark.frameSamples + this.mark.voidSamples,
      this.mark.cum,
      "the lane balances",
    );
  }
}

const counts = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 40 });

/** The frames in any order, some of them more than once, cut into batches. */
function deliveries(lane: readonly ChainedFrame[]): fc.Arbitrary<ChainedFrame[][]> {
  const repeats = fc.array(fc.constantFrom(...lane), { maxLength: 20 });
  return repeats
    .chain((again) =>
      fc.shuffledSubarray([...lane, ...again], { minLength: lane.length + again.length }),
    )
    .chain((all) =>
      fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 8 }).map((cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), all.length];
        return edges.slice(1).map((edge, at) => all.slice(edges[at], edge));
      }),
    );
}

test("in whatever order and however often frames come, the mark ends at the head and the lane balances", () => {
  const cases = counts.chain((list) => {
    const lane = sealLane(list);
    return fc.record({ lane: fc.constant(lane), batches: deliveries(lane) });
  });
  fc.assert(
    fc.property(cases, ({ lane, batches }) => {
      const kept = new Kept();
      for (const batch of batches) kept.take(batch);
      assert.equal(kept.mark.seq, lane.length);
      assert.equal(kept.mark.chain, lane.at(-1)?.chain);
      assert.equal(kept.forks.length, 0);
    }),
  );
});

test("the mark stands exactly before the first hole", () => {
  const cases = fc.record({
    list: counts,
    missing: fc.array(fc.nat({ max: 39 }), { minLength: 1 }),
  });
  fc.assert(
    fc.property(cases, ({ list, missing }) => {
      const lane = sealLane(list);
      const holes = new Set(missing.map((at) => (at % lane.length) + 1));
      const kept = new Kept();
      kept.take(lane.filter((frame) => !holes.has(frame.seq)).toReversed());
      assert.equal(kept.mark.seq, Math.min(...holes) - 1);
    }),
  );
});

/** Voids as a journal makes them: apart from each other, and later merged with all that lies between. */
function voidRanges(length: number): fc.Arbitrary<[number, number][]> {
  return fc
    .record({
      places: fc.uniqueArray(fc.integer({ min: 1, max: length }), { maxLength: 6 }),
      merged: fc.boolean(),
    })
    .map(({ places, merged }) => {
      const sorted = places.toSorted((a, b) => a - b);
      const ranges: [number, number][] = [];
      for (let at = 0; at + 1 < sorted.length; at += 2) {
        ranges.push([sorted[at] ?? 1, sorted[at + 1] ?? 1]);
      }
      const [first] = ranges;
      const last = ranges.at(-1);
      if (merged && first !== undefined && last !== undefined) ranges.push([first[0], last[1]]);
      return ranges;
    });
}

test("voids stand for what is gone, grow, and are filled by frames that come late", () => {
  const cases = counts.chain((list) => {
    const lane = sealLane(list);
    return fc.record({
      lane: fc.constant(lane),
      ranges: voidRanges(lane.length),
      order: deliveries(lane),
      lateVoids: fc.boolean(),
    });
  });
  fc.assert(
    fc.property(cases, ({ lane, ranges, order, lateVoids }) => {
      const gone = new Set(ranges.flatMap(([from, to]) => lane.slice(from - 1, to)));
      const voids = ranges.map(([from, to]) => voidOf(lane, from, to));
      const kept = new Kept();
      if (!lateVoids) kept.take([], voids);
      for (const batch of order) kept.take(batch.filter((frame) => !gone.has(frame)));
      for (const gap of voids) kept.take([], [gap]);
      assert.equal(kept.mark.seq, lane.length);
      assert.equal(kept.forks.length, 0);
      // A carrier brings what the voids stood for after all: then nothing is charged to them.
      kept.take([...gone]);
      assert.equal(kept.mark.voidSamples, 0);
      assert.equal(kept.mark.frameSamples, kept.mark.cum);
    }),
  );
});

test("frames of a clone never enter the prefix, and going back once heals the lane", () => {
  const cases = counts.chain((list) => {
    const lane = sealLane(list);
    return fc.record({
      lane: fc.constant(lane),
      shared: fc.integer({ min: 1, max: lane.length }),
      clone: fc.constant(sealLane(list, 1)),
      cloneFirst: fc.boolean(),
    });
  });
  fc.assert(
    fc.property(cases, ({ lane, shared, clone, cloneFirst }) => {
      const kept = new Kept();
      const others = clone.slice(shared);
      if (cloneFirst) kept.take(others);
      kept.take(lane.slice(0, shared));
      kept.take(others);
      // The gateway goes back to the mark and sends again: what does not fit is refused with all that follows it.
      kept.take(lane.slice(kept.mark.seq));
      assert.equal(kept.mark.seq, lane.length);
      assert.equal(kept.mark.chain, lane.at(-1)?.chain);
    }),
  );
});

test("a void that does not fit does not hide one that does", () => {
  const lane = sealLane([1, 2, 3, 4]);
  const wrong = { ...voidOf(lane, 2, 3), chainBefore: 99n };
  const kept = new Kept();
  kept.take([lane[0] as ChainedFrame, lane[3] as ChainedFrame]);
  kept.take([], [wrong]);
  assert.equal(kept.mark.seq, 1);
  kept.take([], [voidOf(lane, 2, 3)]);
  assert.equal(kept.mark.seq, 4);
});

test("a void whose gateway no longer knows where it begins counts what the mark lacks, not what it says", () => {
  const lane = sealLane([10, 20, 30, 40]);
  const kept = new Kept();
  kept.take(lane.slice(0, 2));
  // All that the gateway still has is the end of what it released: by its count all of the lane is gone.
  kept.take([], [{ ...voidOf(lane, 3, 4), sampleCount: 100 }]);
  assert.deepEqual([kept.mark.frameSamples, kept.mark.voidSamples], [30, 70]);
});
