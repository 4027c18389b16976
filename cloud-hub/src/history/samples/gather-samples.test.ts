import assert from "node:assert/strict";
import { test } from "node:test";

import { inTime, type Series } from "@millwright/aggregates";
import type { SampleColumns, Scalar } from "@millwright/wire-contract";
import fc from "fast-check";

import { SampleGatherer } from "./gather-samples.ts";
import { copyOf, mergeAll, type MergedSeries } from "./merge-series.ts";

interface Row {
  readonly tag: number;
  readonly us: number;
  readonly value: number;
  readonly status: number;
  readonly scalar: bigint | undefined;
}

const tags = 3;
/** Few times and values, so that rows repeat each other, in a frame and among frames. */
const rows = fc.record<Row>({
  tag: fc.nat(tags - 1),
  us: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 60 }) }, fc.constant(NaN)),
  value: fc.constantFrom(0, 1, -0),
  status: fc.constantFrom(0, 0x8000_0000),
  scalar: fc.option(fc.constantFrom(1n, 2n), { nil: undefined, freq: 9 }),
});
/** Frames that go on in time, as nearly all do, and frames that do not. */
const anyFrames = fc.array(
  fc
    .tuple(fc.array(rows, { maxLength: 40 }), fc.boolean())
    .map(([made, sorted]) => (sorted ? made.toSorted((a, b) => a.us - b.us) : made)),
  { maxLength: 12 },
);
/** Tags that are polled together: the same rows in frame after frame, here and there at a time that was before. */
const polledFrames = fc
  .tuple(
    fc.array(fc.nat(tags - 1), { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(rows, fc.nat(9)), { maxLength: 40, size: "max" }),
  )
  .map(([polled, made]) =>
    made.map(([row, odd], at) =>
      polled
        .toSorted((a, b) => a - b)
        .map((tag): Row => {
          const us = odd === 0 && tag === row.tag ? row.us : at + 1;
          const scalar = odd === 1 && tag === row.tag ? row.scalar : undefined;
          return { tag, us, value: row.value, status: row.status, scalar };
        }),
    ),
  );
const frames = fc
  .array(fc.oneof(anyFrames, polledFrames), { maxLength: 4 })
  .map((parts) => parts.flat());
const sealedUs = 77;

function columnsOf(made: readonly Row[]): SampleColumns {
  const wide = new Map<number, Scalar>();
  for (const [at, { scalar }] of made.entries()) if (scalar !== undefined) wide.set(at, scalar);
  return {
    count: made.length,
    tag: Int32Array.from(made, ({ tag }) => tag),
    measuredUs: Float64Array.from(made, ({ us }) => us),
    value: Float64Array.from(made, ({ value, scalar }) => (scalar === undefined ? value : NaN)),
    status: Uint32Array.from(made, ({ status }) => status),
    ...(wide.size === 0 ? {} : { wide }),
  };
}

/** As plainly as it can be said: each frame's rows of a tag, in order of time, merged into those of the frames before. */
function plainly(made: readonly (readonly Row[])[], tag: number): MergedSeries {
  return mergeAll(
    made.flatMap((frame): Series[] => {
      const own = frame
        .filter((row) => row.tag === tag)
        .map((row) => ({ ...row, us: Number.isNaN(row.us) ? sealedUs : row.us }));
      return own.length === 0 ? [] : [inTime(columnsOf(own), -Infinity, Infinity)];
    }),
  );
}

function contentOf({ count, measuredUs, value, status, wide }: Series): readonly unknown[] {
  return Array.from({ length: count }, (_, row) => [
    measuredUs[row],
    value[row],
    status[row],
    wide?.get(row),
  ]);
}

function gather(
  gatherer: SampleGatherer,
  made: readonly (readonly Row[])[],
): readonly MergedSeries[] {
  gatherer.clear();
  const groups = Int32Array.from({ length: tags }, () => gatherer.openGroup());
  for (const frame of made) gatherer.add(columnsOf(frame), groups, sealedUs);
  // What was read holds until the next one is read.
  return gatherer.finish().map((gathered) => {
    const series = copyOf(gathered.read());
    const { count, firstUs, lastUs, repeats, conflicts } = gathered;
    assert.deepEqual(
      [count, firstUs, lastUs],
      [series.count, series.measuredUs[0] ?? NaN, series.measuredUs[series.count - 1] ?? NaN],
    );
    return { series, repeats, conflicts };
  });
}

test("what frames hold of a tag comes out as if they had been merged one by one, pass after pass", () => {
  const gatherer = new SampleGatherer();
  fc.assert(
    fc.property(frames, (made) => {
      const gathered = gather(gatherer, made);
      for (let tag = 0; tag < tags; tag++) {
        const { series, repeats } = gathered[tag] ?? assert.fail();
        const expected = plainly(made, tag);
        assert.deepEqual(contentOf(series), contentOf(expected.series));
        assert.equal(repeats, expected.repeats);
      }
    }),
  );
});

test("rows of many groups over many blocks come out whole and apart", () => {
  const gatherer = new SampleGatherer();
  const groupCount = 300;
  const groups = Int32Array.from({ length: groupCount }, () => gatherer.openGroup());
  for (let frame = 0; frame < 100; frame++) {
    gatherer.add(
      {
        count: groupCount,
        tag: Int32Array.from({ length: groupCount }, (_, tag) => tag),
        measuredUs: new Float64Array(groupCount).fill(frame),
        value: Float64Array.from({ length: groupCount }, (_, tag) => tag * 1_000 + frame),
        status: new Uint32Array(groupCount),
      },
      groups,
      0,
    );
  }
  for (const [group, gathered] of gatherer.finish().entries()) {
    const expected = Array.from({ length: 100 }, (_, frame) => group * 1_000 + frame);
    assert.deepEqual([...gathered.read().value], expected);
  }
});

test("a group that no frame has rows of is empty", () => {
  const gatherer = new SampleGatherer();
  gatherer.openGroup();
  assert.deepEqual(
    gatherer.finish().map((gathered) => [gathered.count, gathered.read().count]),
    [[0, 0]],
  );
});
