import assert from "node:assert/strict";
import { test } from "node:test";

import { beginEarlier, type ReadLine, type Tier } from "./begin-earlier.ts";

const minuteUs = 60_000_000;
const hourUs = 60 * minuteUs;
const dayUs = 24 * hourUs;

/** Samples of the last day, minutes of the last ten, hours of all, one point an hour. */
const keptFromUs: Readonly<Record<Tier, number>> = {
  samples: 99 * dayUs,
  minutes: 90 * dayUs,
  hours: 0,
};

function play(): { readonly read: ReadLine; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    read: (_tag, fromUs, toUs, columns, tier) => {
      asked.push(`${tier} ${columns}`);
      const times: number[] = [];
      const from = Math.max(fromUs, keptFromUs[tier]);
      for (let us = Math.ceil(from / hourUs) * hourUs; us <= toUs; us += hourUs) times.push(us);
      return Promise.resolve({
        times: Float64Array.from(times),
        values: Float64Array.from(times, () => ["samples", "minutes", "hours"].indexOf(tier)),
      });
    },
  };
}

async function lineFrom(fromUs: number): ReturnType<typeof beginEarlier> {
  const { read } = play();
  const range = { fromUs, toUs: 100 * dayUs, columns: 1_000 };
  const line = await read("t", range.fromUs, range.toUs, 1_000, "samples");
  assert.ok(line !== undefined);
  return beginEarlier(read, "t", range, "samples", line);
}

test("a line goes on towards the past in the tiers that are kept longer, and says where", async () => {
  const line = await lineFrom(80 * dayUs);
  assert.deepEqual(line.coarser, [
    { tier: "hours", fromUs: 80 * dayUs, toUs: 90 * dayUs },
    { tier: "minutes", fromUs: 90 * dayUs, toUs: 99 * dayUs },
  ]);
  assert.equal(line.times.length, 20 * 24 + 1, "each hour once");
  assert.ok(line.times.every((us, at) => at === 0 || us > (line.times[at - 1] ?? 0)));
  assert.deepEqual([...new Set(line.values)], [2, 1, 0]);
});

test("a line that begins in time asks for nothing more", async () => {
  const { read, asked } = play();
  const times = Float64Array.of(99 * dayUs + minuteUs);
  const range = { fromUs: 99 * dayUs, toUs: 100 * dayUs, columns: 1_000 };
  const line = await beginEarlier(read, "t", range, "samples", { times, values: times });
  assert.deepEqual(line.coarser, []);
  assert.deepEqual(asked, []);
});

test("where no tier has anything the line stays empty, and nothing coarser is claimed", async () => {
  const nothing: ReadLine = () => Promise.resolve(undefined);
  const empty = { times: new Float64Array(0), values: new Float64Array(0) };
  const range = { fromUs: 0, toUs: dayUs, columns: 10 };
  assert.deepEqual(await beginEarlier(nothing, "t", range, "samples", empty), {
    ...empty,
    coarser: [],
  });
});
