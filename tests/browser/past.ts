/**
 * The past of the plant's tags. A value is a function of tag and time, so each is worked out once and kept: charts ask
 * for the same hour again and again, and what the fixture computes is taken from the page under test.
 */
import type { LiveTag } from "@millwright/wire-contract";

import { valueAt } from "./plant.ts";

/** Samples that are worked out together: an hour of a chart of a day. */
const blockSamples = 3_600;
/** By tag and step, then by place. Bounded by what charts of one test file can show of its few tags: some 60 blocks a tag. */
const known = new Map<string, Map<number, Float64Array>>();

/**
 * Every sample from `fromUs` to `toUs`, both within, as an instrument says it.
 *
 * @param everyUs between two samples, which lie at its multiples
 */
export function samplesOf(
  tag: LiveTag,
  fromUs: number,
  toUs: number,
  everyUs: number,
): { readonly times: Float64Array; readonly values: Float64Array } {
  const first = Math.ceil(fromUs / everyUs);
  const count = Math.max(0, Math.floor(toUs / everyUs) - first + 1);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  for (let at = 0; at < count;) {
    const number = first + at;
    const block = Math.floor(number / blockSamples);
    const inside = number - block * blockSamples;
    const part = blockOf(tag, block, everyUs).subarray(inside, inside + count - at);
    values.set(part, at);
    for (const end = at + part.length; at < end; at++) times[at] = (first + at) * everyUs;
  }
  return { times, values };
}

function blockOf(tag: LiveTag, block: number, everyUs: number): Float64Array {
  const key = `${tag.id} ${everyUs}`;
  const blocks = known.get(key) ?? new Map<number, Float64Array>();
  known.set(key, blocks);
  const kept = blocks.get(block);
  if (kept !== undefined) return kept;
  const power = 10 ** tag.decimals;
  // As an instrument says it, and not with the digits of a sine.
  const made = Float64Array.from(
    { length: blockSamples },
    (_, at) =>
      Math.round(valueAt(tag, ((block * blockSamples + at) * everyUs) / 1_000) * power) / power,
  );
  blocks.set(block, made);
  return made;
}
