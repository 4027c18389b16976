/** Bundles for benches of the detect host: small Mahalanobis detectors that differ in their weights. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import {
  findIsolation,
  hostFile,
  ModelHost,
  type ModelHostListener,
  type SlottedBundle,
} from "@millwright/edge-runtime/detect-host";
import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { loadBundle, type Bundle } from "@millwright/model-bundle";
import { makeSample, writeSample } from "@millwright/model-bundle/sample";
import { float32 } from "@millwright/onnx";

/** As many features as a bearing of the plant has. */
export const featureCount = 8;
const inputs = Array.from({ length: featureCount }, (_each, at) => `x${at}`);

/** One bundle that was written, checked and read as on a gateway; the others differ from it in their numbers. */
export function sampleBundle(folder: string, version = "1.0.0"): Bundle {
  const name = "bench";
  const place = join(folder, version, name);
  mkdirSync(place, { recursive: true });
  writeSample(place, makeSample({ name, version, inputs }));
  return loadBundle(place);
}

/** @returns bundles with weights of their own, one example each, and all else in common, as a fleet of one type has it */
export function manyBundles(base: Bundle, count: number, firstSlot = 0): readonly SlottedBundle[] {
  const random = seededRandom(`models ${firstSlot}`);
  return Array.from({ length: count }, (_each, at): SlottedBundle => {
    const weights = base.model.graph.initializers.map((tensor) => {
      if (tensor.elementType !== 1) return tensor;
      const length = tensor.raw.length / 4;
      const numbers = Float32Array.from({ length }, () => random.next());
      return float32(tensor.name, tensor.dims, numbers);
    });
    const graph = { ...base.model.graph, initializers: weights };
    const numbers = (name: string): Float32Array => {
      const raw = weights.find((tensor) => tensor.name === name)?.raw ?? new Uint8Array(0);
      return new Float32Array(raw.buffer, raw.byteOffset, raw.length / 4);
    };
    const [centre, whitening] = [numbers("centre"), numbers("whitening")];
    // The score of a window of zeros.
    let score = 0;
    for (let column = 0; column < featureCount; column++) {
      let white = 0;
      for (let row = 0; row < featureCount; row++) {
        white -= (centre[row] ?? 0) * (whitening[row * featureCount + column] ?? 0);
      }
      score += white * white;
    }
    const example = { input: new Array<number>(featureCount).fill(0), score };
    return {
      slot: firstSlot + at,
      bundle: {
        ...base,
        model: { ...base.model, graph },
        examples: { tolerance: 1e-3, windows: [example] },
      },
    };
  });
}

export function openHost(listener: Partial<ModelHostListener>): ModelHost {
  return new ModelHost({
    program: { node: process.execPath, file: hostFile(), isolation: findIsolation() },
    clock: systemClock,
    random: seededRandom("bench"),
    log: silentLog,
    listener: {
      scored: () => undefined,
      stopped(slot, what, reason) {
        throw new Error(`bundle ${slot} was ${what}: ${reason}`);
      },
      ended(reason) {
        throw new Error(`the detect host ended: ${reason}`);
      },
      ...listener,
    },
  });
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What was garbage is not what anything costs. */
export function collectGarbage(): void {
  collect();
}
