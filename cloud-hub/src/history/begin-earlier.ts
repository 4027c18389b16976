import { widths } from "@millwright/aggregates";
import type { ReducedLine } from "@millwright/kit";
import type { CoarserPart } from "@millwright/wire-contract/history";

export type Tier = "samples" | "minutes" | "hours";

/** Reads a line of one tag from one tier. */
export type ReadLine = (
  tag: string,
  fromUs: number,
  toUs: number,
  columns: number,
  tier: Tier,
) => Promise<ReducedLine | undefined>;

/** What is kept longer, and how much later than asked a line has to begin for it to be looked at. */
const coarserThan = {
  samples: { tier: "minutes", lateUs: 2 * widths.minute },
  minutes: { tier: "hours", lateUs: 2 * widths.hour },
  hours: undefined,
} as const satisfies Record<Tier, { readonly tier: Tier; readonly lateUs: number } | undefined>;

/**
 * Samples are kept for months, minutes for a year, hours for years: a line that begins later than was asked for goes on
 * towards the past in the next coarser tier, as far as there is one. Costs nothing where a line begins in time.
 */
export async function beginEarlier(
  read: ReadLine,
  tag: string,
  range: { readonly fromUs: number; readonly toUs: number; readonly columns: number },
  tier: Tier,
  line: ReducedLine,
): Promise<ReducedLine & { readonly coarser: readonly CoarserPart[] }> {
  const { fromUs, toUs, columns } = range;
  const coarser = coarserThan[tier];
  const beginUs = line.times[0] ?? toUs;
  if (coarser === undefined || beginUs - fromUs <= coarser.lateUs) return { ...line, coarser: [] };
  const part = Math.max(1, Math.round((columns * (beginUs - fromUs)) / (toUs - fromUs)));
  const lead = { fromUs, toUs: beginUs - 1, columns: part };
  const found = await read(tag, lead.fromUs, lead.toUs, lead.columns, coarser.tier);
  const earlier = await beginEarlier(
    read,
    tag,
    lead,
    coarser.tier,
    found ?? { times: new Float64Array(0), values: new Float64Array(0) },
  );
  const [first] = found?.times ?? [];
  return {
    times: joined(earlier.times, line.times),
    values: joined(earlier.values, line.values),
    coarser:
      first === undefined
        ? earlier.coarser
        : [...earlier.coarser, { tier: coarser.tier, fromUs: first, toUs: beginUs }],
  };
}

function joined(one: Float64Array, other: Float64Array): Float64Array {
  return Float64Array.of(...one, ...other);
}
