/** What a detect host opens: bundles of equal structure as the rows of one stack, every other by itself. Pure. */
import { widthOf, type Bundle, type Manifest } from "@millwright/model-bundle";

import type { OutputText, UnitText } from "./messages.ts";
import { toStack, weightRows, type Stack } from "./stacking.ts";

/** A bundle with the number that it has for as long as it is deployed. */
export interface SlottedBundle {
  readonly slot: number;
  readonly bundle: Bundle;
}

/** One graph to open. Holds all that a next host needs, so that nothing is read from disk again. */
export interface UnitPlan {
  readonly text: UnitText;
  readonly model: Uint8Array;
  /** All rows of each weight; empty for a bundle by itself. */
  readonly weights: readonly Float32Array[];
  /** By row; one for a bundle by itself. */
  readonly slots: Int32Array;
  /** Declared CPU time of one window, by row, ms. */
  readonly latencyMs: Float32Array;
  readonly outputs: OutputPlaces;
}

/** Where each output of a window stands among its numbers; width 0 where the bundle names none. */
export interface OutputPlaces {
  readonly width: number;
  readonly contributions: { readonly at: number; readonly width: number };
  readonly expected: { readonly at: number; readonly width: number };
}

/** @param alone slots that are not to be stacked, because it did not go well before */
export function planUnits(
  bundles: readonly SlottedBundle[],
  alone: ReadonlySet<number> = new Set(),
): readonly UnitPlan[] {
  const stacks = new Map<string, { stack: Stack; manifest: Manifest; rows: SlottedBundle[] }>();
  const others: SlottedBundle[] = [];
  for (const each of bundles) {
    const { manifest, model } = each.bundle;
    const batched = manifest.model.input.shape[0] === "batch";
    const stack = batched && !alone.has(each.slot) ? toStack(model) : undefined;
    if (stack === undefined) {
      others.push(each);
      continue;
    }
    // The same graph may be used with other outputs.
    const key = `${stack.key} ${JSON.stringify(manifest.model)}`;
    const known = stacks.get(key);
    if (known === undefined) stacks.set(key, { stack, manifest, rows: [each] });
    else known.rows.push(each);
  }
  const plans: UnitPlan[] = [];
  for (const { stack, manifest, rows } of stacks.values()) {
    plans.push({
      text: textOf(plans.length, manifest, stack.weights),
      model: stack.model,
      weights: packed(
        rows.map(({ bundle }) => weightRows(bundle.model, stack)),
        stack.weights.map(({ shape }) => shape.reduce((all, size) => all * size, 1)),
      ),
      slots: Int32Array.from(rows, ({ slot }) => slot),
      latencyMs: Float32Array.from(rows, ({ bundle }) => bundle.manifest.latencyMs),
      outputs: outputPlaces(manifest),
    });
  }
  for (const { slot, bundle } of others) {
    plans.push({
      text: textOf(plans.length, bundle.manifest, []),
      model: bundle.bytes,
      weights: [],
      slots: Int32Array.of(slot),
      latencyMs: Float32Array.of(bundle.manifest.latencyMs),
      outputs: outputPlaces(bundle.manifest),
    });
  }
  return plans;
}

export function outputPlaces({ model: { outputs } }: Manifest): OutputPlaces {
  const contributions = outputs.contributions === undefined ? 0 : widthOf(outputs.contributions);
  const expected = outputs.expected === undefined ? 0 : widthOf(outputs.expected);
  return {
    width: 1 + contributions + expected,
    contributions: { at: 1, width: contributions },
    expected: { at: 1 + contributions, width: expected },
  };
}

function textOf(
  unit: number,
  { model: { input, outputs } }: Manifest,
  weights: UnitText["weights"],
): UnitText {
  const tensors = [outputs.score, outputs.contributions, outputs.expected];
  return {
    unit,
    input: input.tensor,
    width: widthOf(input),
    shape: input.shape.filter((size) => size !== "batch"),
    batch: input.shape[0] === "batch",
    outputs: tensors.flatMap((each): OutputText[] =>
      each === undefined ? [] : [{ tensor: each.tensor, width: widthOf(each) }],
    ),
    weights: weights.map(({ tensor, shape }) => ({ tensor, shape })),
  };
}

function packed(
  rows: readonly (readonly Float32Array[])[],
  sizes: readonly number[],
): readonly Float32Array[] {
  return sizes.map((size, weight) => {
    const all = new Float32Array(rows.length * size);
    rows.forEach((row, at) => {
      all.set(row[weight] ?? [], at * size);
    });
    return all;
  });
}
