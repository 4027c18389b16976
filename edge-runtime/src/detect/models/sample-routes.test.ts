import assert from "node:assert/strict";
import { test } from "node:test";

import { makeSample } from "@millwright/model-bundle/sample";
import type { DeviceId } from "@millwright/wire-contract";
import fc from "fast-check";

import type { SampleBatch } from "../../hand-over.ts";
import { BundleWatch, type WatchListener } from "./bundle-watch.ts";
import { SampleRoutes } from "./sample-routes.ts";

const startUs = 1_700_000_000_000_000;
const properties = ["x0", "x1", "x2"];
const badStatus = 0x8000_0000;

/** One bundle, and all that it says. */
function watched(asset: string, firstTag: number): { watch: BundleWatch; said: string[] } {
  const said: string[] = [];
  const listener: WatchListener = {
    due: (_watch, endUs, vector) => said.push(`due ${endUs} ${vector.join(" ")}`),
    silent: (_watch, endUs, why) => said.push(`silent ${endUs} ${why}`),
    range: (_watch, endUs, what, reason) => said.push(`${what} ${endUs} ${reason}`),
    drift: () => undefined,
  };
  const { manifest } = makeSample({ name: asset, inputs: properties, gridMs: 100 });
  const inputs = properties.map((property, at) => {
    const index = firstTag + at;
    return { property, tag: { id: `${asset}.${property}`, index, device: "line" as DeviceId } };
  });
  const watch = new BundleWatch({
    ...{ manifest: { ...manifest, files: {} }, role: "live", slot: 1, asker: 1 },
    ...{ asset, inputs, state: () => undefined, listener },
  });
  return { watch, said };
}

const sample = fc.record({
  tag: fc.integer({ min: 0, max: 8 }),
  // Rounds of a device are closer than a row; now and then one is late, or long after the one before.
  aheadMs: fc.oneof(fc.constant(0), fc.integer({ min: -300, max: 40 }), fc.constant(2_500)),
  value: fc.oneof(fc.integer({ min: -900, max: 900 }), fc.constantFrom(-5_000, 5_000, NaN)),
  bad: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
});
/** Most rounds bring all tags with one time. */
const round = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.integer({ min: -900, max: 1_100 }), { minLength: 9 }) },
  { weight: 1, arbitrary: fc.array(sample, { minLength: 1, maxLength: 12 }) },
);

test("samples that go to a bundle together are seen as when they go one by one", () => {
  fc.assert(
    fc.property(fc.array(round, { minLength: 20, maxLength: 120 }), (rounds) => {
      // Two whose inputs lie side by side, and one that shares its tags with the second.
      const places = [1, 4, 5] as const;
      const together = places.map((first) => watched(`A-${first}`, first));
      const alone = places.map((first) => watched(`A-${first}`, first));
      const current = { freshForUs: () => 0 } as unknown as ConstructorParameters<
        typeof SampleRoutes
      >[0];
      const routes = new SampleRoutes(
        current,
        together.map(({ watch }) => watch),
      );
      let nowUs = startUs;
      for (const each of rounds) {
        nowUs += 20_000;
        const rows = each.slice(0, 12).map((one, at) =>
          typeof one === "number"
            ? { tag: at, us: nowUs, value: one, status: 0 }
            : {
                tag: one.tag,
                us: (nowUs += Math.max(0, one.aheadMs * 1_000)) + Math.min(0, one.aheadMs * 1_000),
                value: one.value,
                status: one.bad ? badStatus : 0,
              },
        );
        routes.take(batchOf(rows, nowUs));
        for (const { tag, us, value, status } of rows) {
          for (const [at, first] of places.entries()) {
            const input = tag - first;
            if (input >= 0 && input < properties.length) {
              alone[at]?.watch.push(input, us, value, status);
            }
          }
        }
      }
      for (const [at, { said, watch }] of together.entries()) {
        assert.deepEqual(said, alone[at]?.said);
        assert.deepEqual(watch.counts, alone[at]?.watch.counts);
      }
    }),
  );
});

test("of inputs that are read many times a row each row is judged once, by its first values", () => {
  const { watch, said } = watched("A-1", 0);
  const routes = new SampleRoutes({} as ConstructorParameters<typeof SampleRoutes>[0], [watch]);
  for (let round = 0; round < 30; round++) {
    const us = startUs + round * 20_000;
    const rows = properties.map((_property, tag) => ({ tag, us, value: round, status: 0 }));
    routes.take(batchOf(rows, us));
  }
  const first = said.filter((words) => words.startsWith("due"))[0] ?? "";
  assert.equal(said.length, 5);
  assert.equal(first, `due ${startUs + 200_000} 5 5 5`);
});

function batchOf(
  rows: readonly { tag: number; us: number; value: number; status: number }[],
  receivedUs: number,
): SampleBatch {
  return {
    ...{ device: "line", receivedUs, late: false, count: rows.length },
    tag: Int32Array.from(rows, ({ tag }) => tag),
    measuredUs: Float64Array.from(rows, ({ us }) => us),
    value: Float64Array.from(rows, ({ value }) => value),
    status: Uint32Array.from(rows, ({ status }) => status),
  } as SampleBatch;
}
