import type { Bench, BenchContext, Figures } from "./bench.ts";
import { collectGarbage, featureCount, manyBundles, openHost, sampleBundle } from "./model-data.ts";

const models = 200;

/** Whether models are exchanged without a window lost and without memory that is never given back. */
export const bench: Bench = {
  name: "swap",
  about: `100 exchanges of the detect host under load: ${models} bundles, each scored 100 times a second all the while`,
  open(context) {
    return Promise.resolve({
      measure: () => measure(context),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

async function measure(context: BenchContext): Promise<Figures> {
  const swaps = context.quick ? 10 : 100;
  const base = sampleBundle(context.folder);
  const versions = [0, 1].map((at) => manyBundles(base, models, at * models));
  let answered = 0;
  let given = 0;
  const host = openHost({ scored: () => answered++ });
  let firstSlot = 0;
  const window = new Float32Array(featureCount).fill(0.5);
  const load = setInterval(() => {
    for (let at = 0; at < models; at++) host.score(firstSlot + at, 0, 0, window);
    given += models;
  }, 10);
  try {
    let gatewayBytes = NaN;
    let hostBytes = NaN;
    const times: number[] = [];
    for (let swap = 0; swap <= swaps; swap++) {
      context.signal.throwIfAborted();
      const next = versions[swap % 2] ?? [];
      const fromMs = performance.now();
      await host.deploy(next, () => {
        firstSlot = (swap % 2) * models;
        // Nothing can be asked before the first host is there.
        if (swap === 0) given = 0;
      });
      times.push(performance.now() - fromMs);
      await new Promise((resolve) => setTimeout(resolve, 200));
      // The first tenth warms this process; from there on nothing may be kept.
      if (swap === Math.ceil(swaps / 10)) {
        gatewayBytes = ownBytes();
        hostBytes = host.residentBytes() ?? NaN;
      }
    }
    clearInterval(load);
    while (answered + host.windowsLost < given) {
      context.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const growth = (now: number, before: number): number => (now / before - 1) * 100;
    const both = growth(ownBytes() + (host.residentBytes() ?? NaN), gatewayBytes + hostBytes);
    const sorted = times.toSorted((a, b) => a - b);
    return {
      windows_lost: { value: host.windowsLost + (given - answered), unit: "windows" },
      rss_growth_percent: {
        value: both,
        unit: "%",
        note: "gateway side and host, from the first tenth of the exchanges to the last",
      },
      windows_scored: { value: answered, unit: "windows" },
      swap_ms: { value: sorted[Math.floor(sorted.length / 2)] ?? NaN, unit: "ms" },
    };
  } finally {
    clearInterval(load);
    await host.close();
  }
}

function ownBytes(): number {
  collectGarbage();
  return process.memoryUsage.rss();
}
