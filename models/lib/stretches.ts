import type { Recipe } from "./recipe.ts";
import type { TakeSample, TrainingRun } from "./training-run.ts";

/** Samples of one input, in order of time. */
export interface InputSamples {
  readonly us: Float64Array;
  readonly value: Float64Array;
  /** 1 or 0. */
  readonly good: Uint8Array;
}

/** Cuts a file into the stretches in which the asset was in a state that is trained for. */
export function stretchesOf(
  file: string,
  inputs: { readonly samples: readonly InputSamples[]; readonly state: InputSamples | undefined },
  recipe: Recipe,
  named: {
    readonly onChange: readonly string[];
    readonly state?: { readonly values: readonly number[] } | undefined;
  },
): readonly TrainingRun[] {
  const held = recipe.inputs.map(({ property }) => named.onChange.includes(property));
  const ends = inputs.samples.flatMap(({ us }) => [us[0] ?? Infinity, us.at(-1) ?? -Infinity]);
  const whole = { fromUs: Math.min(...ends), toUs: Math.max(...ends) + 1 };
  const spans =
    inputs.state === undefined
      ? [whole]
      : spansOf(inputs.state, named.state?.values ?? [], whole.toUs);
  return spans.map(({ fromUs, toUs }, at) => ({
    name: spans.length === 1 ? file : `${file}, stretch ${at + 1}`,
    play: (take) => {
      playSpan(inputs.samples, held, recipe.features.gridMs * 1_000, fromUs, toUs, take);
    },
  }));
}

function spansOf(
  { us, value }: InputSamples,
  wanted: readonly number[],
  endUs: number,
): readonly { readonly fromUs: number; readonly toUs: number }[] {
  const spans: { fromUs: number; toUs: number }[] = [];
  let fromUs = NaN;
  us.forEach((at, index) => {
    const inside = wanted.includes(value[index] ?? NaN);
    if (inside && Number.isNaN(fromUs)) fromUs = at;
    if (!inside && !Number.isNaN(fromUs)) {
      spans.push({ fromUs, toUs: at });
      fromUs = NaN;
    }
  });
  if (!Number.isNaN(fromUs)) spans.push({ fromUs, toUs: endUs });
  return spans;
}

/** All inputs by time; of an input that is told on change, its value in each row of the grid. */
function playSpan(
  samples: readonly InputSamples[],
  held: readonly boolean[],
  gridUs: number,
  fromUs: number,
  toUs: number,
  take: TakeSample,
): void {
  const next = samples.map(({ us }) => us.findIndex((at) => at >= fromUs));
  const repeatUs = held.map((is) => (is ? Math.ceil(fromUs / gridUs) * gridUs : Infinity));
  for (;;) {
    let input = -1;
    let us = toUs;
    for (let at = 0; at < samples.length; at++) {
      const place = next[at] ?? -1;
      const own = place < 0 ? Infinity : (samples[at]?.us[place] ?? Infinity);
      const due = Math.min(own, repeatUs[at] ?? Infinity);
      if (due < us) {
        us = due;
        input = at;
      }
    }
    const of = samples[input];
    if (of === undefined) return;
    const place = next[input] ?? -1;
    const own = place < 0 ? Infinity : (of.us[place] ?? Infinity);
    if (own <= us) {
      next[input] = place + 1;
      take(input, us, of.value[place] ?? NaN, of.good[place] === 1);
    } else {
      repeatUs[input] = us + gridUs;
      // The last one that came, also from before this stretch.
      const last = (place < 0 ? of.us.length : place) - 1;
      if (last >= 0) take(input, us, of.value[last] ?? NaN, of.good[last] === 1);
    }
  }
}
