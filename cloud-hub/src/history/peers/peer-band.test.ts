import assert from "node:assert/strict";
import { test } from "node:test";
import { bandMachinesMin } from "@millwright/wire-contract/peers";
import * as fc from "fast-check";

import { bandOf, placeOf, quantileOf } from "./peer-band.ts";

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
/** Some machines say nothing at some times. */
const lines = fc.integer({ min: 1, max: 6 }).chain((columns) =>
  fc.array(
    fc.array(fc.oneof({ weight: 4, arbitrary: value }, fc.constant(NaN)), {
      minLength: columns,
      maxLength: columns,
    }),
    { minLength: 1, maxLength: 24 },
  ),
);

/** By the definition: the value at place (n − 1) p of the sorted values, in proportion between two of them. */
function reference(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [a = NaN, b = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return a * (1 - (place - Math.floor(place))) + b * (place - Math.floor(place));
}

function isNear(found: number | undefined, wanted: number): boolean {
  return Math.abs((found ?? NaN) - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted));
}

test("at each time the band is that of the machines that have a value there, and there is none of fewer than three", () => {
  fc.assert(
    fc.property(lines, (all) => {
      const columns = all[0]?.length ?? 0;
      const band = bandOf(
        all.map((line) => Float64Array.from(line)),
        columns,
      );
      for (let column = 0; column < columns; column++) {
        const there = all.flatMap((line) => line[column] ?? []).filter((one) => !Number.isNaN(one));
        assert.equal(band.counts[column], there.length);
        const found = [band.low[column], band.median[column], band.high[column]];
        if (there.length < bandMachinesMin) assert.deepEqual(found, [NaN, NaN, NaN]);
        else
          for (const [at, share] of [0.1, 0.5, 0.9].entries())
            assert.ok(isNear(found[at], reference(there, share)), `${found[at]} at ${share}`);
      }
    }),
  );
});

test("quantiles lie within the values, rise with the share, and of equal values are that value", () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, one, other) => {
        const sorted = Float64Array.from(values).sort();
        const [a, b] = [Math.min(one, other), Math.max(one, other)];
        const [low, high] = [quantileOf(sorted, a), quantileOf(sorted, b)];
        assert.ok(low <= high || isNear(low, high));
        assert.ok(low >= (sorted[0] ?? NaN) && high <= (sorted.at(-1) ?? NaN) + 1e-9);
        assert.equal(quantileOf(new Float64Array(values.length).fill(0.1), a), 0.1);
      },
    ),
  );
});

test("of ten machines the band goes from near the second to near the ninth", () => {
  const band = bandOf(
    Array.from({ length: 11 }, (_, at) => Float64Array.of(at)),
    1,
  );
  assert.deepEqual([band.low[0], band.median[0], band.high[0]], [1, 5, 9]);
});

test("a machine is judged where it has a value and the others a band, and nowhere else", () => {
  const nan = NaN;
  const others = [1, 2, 3, 4].map((of) => Float64Array.of(of, of, of, nan, of));
  const own = Float64Array.of(9, -9, nan, 9, 2.5);
  const band = bandOf([own, ...others], 5);
  assert.deepEqual(placeOf(own, band), {
    ...{ columns: 3, above: 1, below: 1 },
    away: (9 - 3 + (-9 - 2) + 0) / 3,
  });
  const never = placeOf(Float64Array.of(nan, nan, nan, 1, nan), band);
  assert.deepEqual(never, { columns: 0, above: 0, below: 0, away: NaN });
});
