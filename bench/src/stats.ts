import { Detector, type WatchPlan } from "@millwright/detection";
import type { Random } from "@millwright/kit";
import type { SampleColumns } from "@millwright/wire-contract";

import type { Bench, Figures } from "./bench.ts";

/** What watching costs: levels 1 and 2 of detection on every sample, with all that is done once a second. */
export const bench: Bench = {
  name: "stats",
  about:
    "1,000 made tags of 10 assets at 10 Hz through limits, median/MAD, EWMA, CUSUM and fusion; speed by processor time",
  open(context) {
    const seconds = makeSeconds(context.random);
    const leastMs = context.quick ? 200 : 2_000;
    const judging = new Watched(seconds);
    judging.play(learnS + 120);
    return Promise.resolve({
      measure(): Promise<Figures> {
        const learning = new Watched(seconds);
        return Promise.resolve({
          samples_per_s: {
            value: judging.speed(leastMs),
            unit: "samples/s",
            limit: bareSum(seconds, leastMs),
            note: "all tags judged; limit: each value added to a sum of its tag",
          },
          learning_samples_per_s: {
            value: learning.speed(leastMs, 0.6 * learnS),
            unit: "samples/s",
            note: "while median and MAD are learnt from each sample",
          },
        });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

const tagCount = 1_000;
const assetCount = 10;
const rateHz = 10;
const learnS = 600;
/** Made once and played again and again: chance would cost more than what is measured. */
const madeS = 60;

/** Each second of samples as the batches that a device would bring in it. */
type Seconds = readonly (readonly SampleColumns[])[];

class Watched {
  readonly #detector: Detector;
  readonly #seconds: Seconds;
  #nowS = 0;

  constructor(seconds: Seconds) {
    this.#seconds = seconds;
    this.#detector = new Detector(plan(), { episode: () => undefined, state: () => undefined }, 0);
  }

  play(seconds: number): void {
    for (let step = 0; step < seconds; step++) {
      const batches = this.#seconds[this.#nowS % madeS] ?? [];
      for (const [part, batch] of batches.entries()) {
        const atUs = (this.#nowS + part / rateHz) * 1e6;
        batch.measuredUs.fill(atUs);
        this.#detector.take(batch, atUs);
      }
      this.#nowS++;
      this.#detector.advance(this.#nowS * 1e6, () => 0);
    }
  }

  /** @param mostS played at most */
  speed(leastMs: number, mostS = Infinity): number {
    const began = process.cpuUsage();
    let played = 0;
    let usedMs = 0;
    while (usedMs < leastMs && played < mostS) {
      this.play(10);
      played += 10;
      const { user, system } = process.cpuUsage(began);
      usedMs = (user + system) / 1_000;
    }
    return (played * tagCount * rateHz * 1_000) / usedMs;
  }
}

function plan(): WatchPlan {
  const perAsset = tagCount / assetCount;
  return {
    episodesPerDayMax: 1,
    learnS,
    assets: Array.from({ length: assetCount }, (_asset, at) => ({
      id: `Asset ${at}`,
      states: ["running" as const],
      setpoints: [],
      tags: Array.from({ length: perAsset }, (_tag, place) => ({
        tag: at * perAsset + place,
        id: `asset-${at}/tag-${place}`,
        expectedS: 1 / rateHz,
        range: 100,
        learnt: true,
        relativeTo: -1,
        low: -1_000,
        high: 1_000,
        perSecondMax: 1e6,
      })),
    })),
  };
}

/** Sensors with a cycle of their own and noise, as they come: all tags of an asset in one batch. */
function makeSeconds(random: Random): Seconds {
  const perAsset = tagCount / assetCount;
  return Array.from({ length: madeS }, (_second, second) =>
    Array.from({ length: rateHz }, (_part, part): SampleColumns => {
      const atS = second + part / rateHz;
      const value = Float64Array.from({ length: tagCount }, (_value, tag) => {
        const cycle = Math.sin((2 * Math.PI * atS) / (10 + (tag % perAsset)));
        return Math.round(1_000 * (50 + 5 * cycle + 0.3 * random.normal())) / 1_000;
      });
      return {
        count: tagCount,
        tag: Int32Array.from({ length: tagCount }, (_tag, tag) => tag),
        measuredUs: new Float64Array(tagCount),
        value,
        status: new Uint32Array(tagCount),
      };
    }),
  );
}

/** What any watcher must do at least. */
function bareSum(seconds: Seconds, leastMs: number): number {
  const sums = new Float64Array(tagCount);
  const began = process.cpuUsage();
  let [samples, usedMs] = [0, 0];
  while (usedMs < leastMs) {
    for (const batches of seconds) {
      for (const { count, tag, value } of batches) {
        for (let row = 0; row < count; row++) {
          const index = tag[row] ?? 0;
          sums[index] = (sums[index] ?? 0) + (value[row] ?? 0);
        }
        samples += count;
      }
    }
    const { user, system } = process.cpuUsage(began);
    usedMs = (user + system) / 1_000;
  }
  return (samples * 1_000) / usedMs;
}
