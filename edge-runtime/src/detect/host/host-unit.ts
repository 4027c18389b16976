/** One opened graph in the detect host: a bundle of its own, or a stack of many. The home of onnxruntime. */
import { InferenceSession, Tensor } from "onnxruntime-node";

import type { UnitText } from "./messages.ts";
import { cutsOf, type Cut } from "./cuts.ts";

export interface HostUnit {
  /**
   * @param rows of the stack, one a window
   * @param inputs one window after the other
   * @returns all outputs of the first window, then of the next
   */
  run(rows: Int32Array, inputs: Float32Array): Promise<Float32Array>;
}

/** A gateway's core is shared with the runtime: one thread, and memory that is given back rather than kept for later. */
const options: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  enableCpuMemArena: false,
  enableMemPattern: false,
  graphOptimizationLevel: "all",
  // Errors come back as errors; the rest would only fill the gateway's log.
  logSeverityLevel: 4,
};

/** @param weights all rows of each weight of a stack; empty for a bundle of its own */
export async function openUnit(
  text: UnitText,
  model: Uint8Array,
  weights: readonly Float32Array[],
): Promise<HostUnit> {
  const session = await InferenceSession.create(model, options);
  return weights.length === 0
    ? new AloneUnit(session, text)
    : new StackUnit(session, text, weights);
}

class AloneUnit implements HostUnit {
  readonly #session: InferenceSession;
  readonly #text: UnitText;

  constructor(session: InferenceSession, text: UnitText) {
    this.#session = session;
    this.#text = text;
  }

  async run(rows: Int32Array, inputs: Float32Array): Promise<Float32Array> {
    const { input, width, shape, batch, outputs } = this.#text;
    const all = new Float32Array(rows.length * outputWidth(outputs));
    const together = batch ? rows.length : 1;
    for (let first = 0; first < rows.length; first += together) {
      const part = inputs.subarray(first * width, (first + together) * width);
      const dims = batch ? [together, ...shape] : shape;
      const found = await this.#session.run({ [input]: new Tensor("float32", part, dims) });
      gather(found, outputs, first, together, undefined, all);
    }
    return all;
  }
}

class StackUnit implements HostUnit {
  readonly #session: InferenceSession;
  readonly #text: UnitText;
  readonly #weights: readonly Float32Array[];
  /** Numbers of one row of each weight. */
  readonly #sizes: readonly number[];

  constructor(session: InferenceSession, text: UnitText, weights: readonly Float32Array[]) {
    this.#session = session;
    this.#text = text;
    this.#weights = weights;
    this.#sizes = text.weights.map(({ shape }) => product(shape));
  }

  async run(rows: Int32Array, inputs: Float32Array): Promise<Float32Array> {
    const { width, outputs } = this.#text;
    const all = new Float32Array(rows.length * outputWidth(outputs));
    for (const cut of cutsOf(rows)) {
      const { windows } = cut;
      const part =
        windows === undefined
          ? inputs.subarray(cut.first * width, (cut.first + cut.count) * width)
          : gathered(inputs, windows, width);
      const found = await this.#session.run(this.#feeds(cut, part));
      gather(found, outputs, cut.first, cut.count, windows, all);
    }
    return all;
  }

  #feeds(cut: Cut, inputs: Float32Array): Record<string, Tensor> {
    const { input, shape, weights } = this.#text;
    const rowCount = cut.same ? 1 : cut.count;
    const batch = cut.same ? cut.count : 1;
    const feeds: Record<string, Tensor> = {
      [input]: new Tensor("float32", inputs, [rowCount, batch, ...shape]),
    };
    weights.forEach((weight, at) => {
      const all = this.#weights[at] ?? new Float32Array(0);
      const size = this.#sizes[at] ?? 0;
      // Rows that lie side by side are used where they are.
      const part =
        cut.rows === undefined
          ? all.subarray(cut.row * size, (cut.row + rowCount) * size)
          : gathered(all, cut.rows, size);
      feeds[weight.tensor] = new Tensor("float32", part, [rowCount, ...weight.shape]);
    });
    return feeds;
  }
}

function gather(
  found: InferenceSession.OnnxValueMapType,
  outputs: UnitText["outputs"],
  first: number,
  count: number,
  windows: Int32Array | undefined,
  into: Float32Array,
): void {
  const whole = outputWidth(outputs);
  let at = 0;
  for (const { tensor, width } of outputs) {
    const data = found[tensor]?.data;
    if (!(data instanceof Float32Array) || data.length !== count * width) {
      throw new Error(
        `tensor "${tensor}" came with ${String(data?.length)} numbers for ${count} windows of ${width}`,
      );
    }
    for (let index = 0; index < count; index++) {
      const place = (windows === undefined ? first + index : (windows[index] ?? 0)) * whole + at;
      for (let each = 0; each < width; each++)
        into[place + each] = data[index * width + each] ?? NaN;
    }
    at += width;
  }
}

function gathered(all: Float32Array, places: Int32Array, size: number): Float32Array {
  const part = new Float32Array(places.length * size);
  for (let index = 0; index < places.length; index++) {
    const from = (places[index] ?? 0) * size;
    for (let each = 0; each < size; each++) part[index * size + each] = all[from + each] ?? NaN;
  }
  return part;
}

function outputWidth(outputs: UnitText["outputs"]): number {
  return outputs.reduce((sum, { width }) => sum + width, 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, size) => all * size, 1);
}
