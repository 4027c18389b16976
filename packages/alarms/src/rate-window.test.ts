import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { floodsIn } from "./kpi.ts";
import { FloodWatch, RateWindow } from "./rate-window.ts";

const second = 1_000_000;

test("the window counts every alarm of the last ten minutes, and not one more", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_500), { maxLength: 60 }), fc.nat(2_500), (drawn, look) => {
      const seconds = drawn.toSorted((a, b) => a - b);
      const window = new RateWindow();
      const base = 1_767_225_600;
      for (const one of seconds) window.add((base + one) * second);
      const nowS = Math.max(look, ...seconds);
      const inside = seconds.filter((one) => one > nowS - 600).length;
      assert.equal(window.countAt((base + nowS) * second), inside);
    }),
  );
});

test("a flood begins with the eleventh alarm in ten minutes and ends when fewer than five are left of them", () => {
  const watch = new FloodWatch();
  const base = 1_767_225_600 * second;
  for (let alarm = 0; alarm < 10; alarm++) {
    assert.equal(watch.add(base + alarm * second), false);
  }
  assert.equal(watch.floodAt(base + 9 * second), undefined);
  assert.equal(watch.add(base + 10 * second), true);
  for (let alarm = 0; alarm < 203; alarm++) watch.add(base + 11 * second);
  assert.deepEqual(watch.floodAt(base + 480 * second), { sinceUs: base + 10 * second, count: 214 });
  assert.equal(watch.floodAt(base + 610 * second)?.count, 214);
  assert.equal(watch.floodAt(base + 611 * second), undefined);
});

test("the watch and the reckoning over a list see the same floods, to the second", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { minLength: 20, maxLength: 80 }), (steps) => {
      let atS = 1_767_225_600;
      const times = steps.map((step) => (atS += step) * second);
      const endUs = (atS + 2_000) * second;
      const watch = new FloodWatch();
      const seen: [number, number][] = [];
      let next = 0;
      for (let us = times[0] ?? 0; us <= endUs; us += second) {
        while ((times[next] ?? Infinity) <= us) watch.add(times[next++] ?? 0);
        const flood = watch.floodAt(us);
        const last = seen.at(-1);
        if (flood !== undefined && last?.[0] !== flood.sinceUs) seen.push([flood.sinceUs, us]);
        else if (flood !== undefined && last !== undefined) last[1] = us;
      }
      const reckoned = floodsIn(times, endUs).map(({ fromUs, toUs }) => [fromUs, toUs - second]);
      assert.deepEqual(seen, reckoned);
    }),
    { numRuns: 50 },
  );
});
