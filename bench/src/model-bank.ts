import { openUnit, toStack, weightRows } from "@millwright/edge-runtime/detect-host";
import { encodeModel } from "@millwright/onnx";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { collectGarbage, featureCount, manyBundles, openHost, sampleBundle } from "./model-data.ts";
import { useOf } from "./processes.ts";

const models = 1_000;
const manyModels = 100_000;
/** Rounds before anything is counted: by then the compiler has seen all of it, here and in the host. */
const warmRounds = 200;

/** What a score costs when each asset has a model of its own. */
export const bench: Bench = {
  name: "model-bank",
  about: `detectors of ${featureCount} features with weights of their own in the detect host, each asked for one score at a time over its pipe; processor time of both ends added up`,
  open(context) {
    return Promise.resolve({
      measure: () => measure(context),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

async function measure(context: BenchContext): Promise<Figures> {
  const base = sampleBundle(context.folder);
  const bank = await throughput(context, manyBundles(base, models), context.quick ? 200 : 2_000);
  const alone = manyBundles(base, models).map((each) => ({
    ...each,
    // A shape without a batch is never stacked; this one keeps its own session for that reason alone.
    bundle: unstacked(each.bundle),
  }));
  const single = await throughput(context, alone, context.quick ? 5 : 40);
  const limit = await bareStack(context, base);
  const many = await atOneHertz(context, base);
  return {
    scores_per_s: {
      value: bank,
      unit: "scores/s",
      limit,
      peers: { one_session_each: single },
      note: "by processor time of host and gateway together; the limit is the bare stacked graph in one process",
    },
    stacked_graph_scores_per_s: { value: limit, unit: "scores/s" },
    cpu_percent_100k_models: {
      value: many.cpuPercent,
      unit: "%",
      note: "100,000 scores each second, all of them in one stack",
    },
    bytes_per_model: {
      value: many.bytesPerModel,
      unit: "B",
      note: "growth of what is alive in the gateway's process and resident in the host, windows on their way included; feature windows of the assets are not models",
    },
  };
}

type SampleBundle = ReturnType<typeof sampleBundle>;

/** With a node beside the score that no stack bears: the running sum of its row. */
function unstacked(bundle: SampleBundle): SampleBundle {
  const node = {
    ...{ name: "running", opType: "CumSum", domain: "", attributes: {} },
    ...{ inputs: ["score", "axis"], outputs: ["running"] },
  };
  const axis = { name: "axis", elementType: 6, dims: [], raw: Uint8Array.of(1, 0, 0, 0) };
  const { graph } = bundle.model;
  const model = {
    ...bundle.model,
    graph: {
      ...graph,
      nodes: [...graph.nodes, node],
      initializers: [...graph.initializers, axis],
    },
  };
  return { ...bundle, model, bytes: encodeModel(model) };
}

type Bundles = ReturnType<typeof manyBundles>;

/** @returns scores a second of processor time, of this process and the host */
async function throughput(
  context: BenchContext,
  bundles: Bundles,
  rounds: number,
): Promise<number> {
  const answers = new Answers();
  const host = openHost({ scored: () => answers.one() });
  try {
    const [refused] = await host.deploy(bundles, () => undefined);
    if (refused !== undefined) throw new Error(refused.reason);
    const window = new Float32Array(featureCount).fill(0.5);
    const round = async (): Promise<void> => {
      context.signal.throwIfAborted();
      for (const { slot } of bundles) host.score(slot, 0, 0, window);
      await answers.next(bundles.length);
    };
    for (let warm = 0; warm < warmRounds; warm++) await round();
    const from = cpuOf(host.pid);
    for (let at = 0; at < rounds; at++) await round();
    return (rounds * bundles.length) / (cpuOf(host.pid) - from);
  } finally {
    await host.close();
  }
}

/** Processor time of this process and the host, s. */
function cpuOf(pid: number | undefined): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + (pid === undefined ? 0 : useOf(pid).cpuS);
}

/** The stacked graph with nothing around it. */
async function bareStack(context: BenchContext, base: SampleBundle): Promise<number> {
  const stack = toStack(base.model);
  if (stack === undefined) throw new Error("the graph cannot be stacked");
  const rows = manyBundles(base, models).map(({ bundle }) => weightRows(bundle.model, stack));
  const packed = stack.weights.map((_weight, at) =>
    Float32Array.from(rows.flatMap((row) => [...(row[at] ?? [])])),
  );
  const outputs = [
    { tensor: "score", width: 1 },
    { tensor: "contributions", width: featureCount },
  ];
  const unit = await openUnit(
    {
      unit: 0,
      input: "window",
      width: featureCount,
      shape: [featureCount],
      batch: true,
      outputs,
      weights: stack.weights,
    },
    stack.model,
    packed,
  );
  const order = Int32Array.from({ length: models }, (_each, at) => at);
  const windows = new Float32Array(models * featureCount).fill(0.5);
  const rounds = context.quick ? 200 : 2_000;
  for (let warm = 0; warm < warmRounds; warm++) await unit.run(order, windows);
  const from = process.cpuUsage();
  for (let at = 0; at < rounds; at++) await unit.run(order, windows);
  const { user, system } = process.cpuUsage(from);
  return (rounds * models) / ((user + system) / 1e6);
}

async function atOneHertz(
  context: BenchContext,
  base: SampleBundle,
): Promise<{ readonly cpuPercent: number; readonly bytesPerModel: number }> {
  const count = context.quick ? manyModels / 10 : manyModels;
  const answers = new Answers();
  const host = openHost({ scored: () => answers.one() });
  try {
    const window = new Float32Array(featureCount).fill(0.5);
    const second = async (): Promise<void> => {
      context.signal.throwIfAborted();
      for (let slot = 0; slot < count; slot++) host.score(slot, 0, 0, window);
      await answers.next(count);
    };
    await host.deploy(manyBundles(base, 1), () => undefined);
    host.score(0, 0, 0, window);
    await answers.next(1);
    const bytesBefore = bytesOf(host.pid);
    await host.deploy(manyBundles(base, count), () => undefined);
    await second();
    await second();
    const bytesPerModel = (bytesOf(host.pid) - bytesBefore) / count;
    const seconds = context.quick ? 3 : 8;
    const from = cpuOf(host.pid);
    for (let at = 0; at < seconds; at++) await second();
    const cpuS = cpuOf(host.pid) - from;
    return { cpuPercent: (cpuS / seconds) * 100 * (manyModels / count), bytesPerModel };
  } finally {
    await host.close();
  }
}

/** Alive in this process, which has made the bundles and thrown them away, and resident in the host. */
function bytesOf(pid: number | undefined): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external + (pid === undefined ? 0 : useOf(pid).rssMb * 1e6);
}

/** Counts answers, and says when as many have come as were asked for. */
class Answers {
  #count = 0;
  #wanted = 0;
  #come: () => void = () => undefined;

  one(): void {
    if (++this.#count === this.#wanted) this.#come();
  }

  /** @param count asked for since the last call */
  next(count: number): Promise<void> {
    this.#wanted += count;
    if (this.#count === this.#wanted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#come = resolve;
    });
  }
}
