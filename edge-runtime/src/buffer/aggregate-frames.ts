import {
  encodeTold,
  toldSpan,
  widths,
  type ToldBuckets,
  type ToldWidth,
} from "@millwright/aggregates";
import { encodeAggregates, type ClockState, type Dictionary } from "@millwright/wire-contract";

import { keyOf } from "./lane-book.ts";
import type { Moment, Sealer } from "./sealing.ts";
import type { ToldTable } from "./told-table.ts";

/** What the minutes of one hour, or the hours of one day, become in the history lane. All inside a transaction. */
export interface ToldStatement {
  readonly widthUs: ToldWidth;
  /** Begin of the hour or day, µs. */
  readonly beginUs: number;
  /** In rising order of index. */
  readonly told: readonly ToldBuckets[];
  readonly revision: number;
  /** Knows all of the tags. */
  readonly dictionary: Dictionary;
  /** Of the stamps that they were reckoned from. */
  readonly clock: ClockState;
  /** The order that it answers. */
  readonly order?: number;
}

/** Of stamps that need no correction. */
export const noClock: ClockState = { segment: 0, disciplined: true, offsetUs: 0 };

/** @returns bytes that it takes */
export function sealTold(
  { sealer, toldFrames }: { readonly sealer: Sealer; readonly toldFrames: ToldTable },
  { rank, nowUs }: Moment,
  { widthUs, beginUs, told, revision, dictionary, clock, order }: ToldStatement,
): number {
  const coded = encodeTold(told, beginUs, (tag) => dictionary.byIndex(tag), widthUs);
  const fields = {
    content: "aggregates",
    sampleCount: 0,
    dictionary: dictionary.hash,
    firstUs: beginUs,
    lastUs: beginUs + toldSpan(widthUs) - 1,
    sealedUs: nowUs,
    clock,
    late: order !== undefined,
    ...(order === undefined ? {} : { order }),
  } as const;
  const statement = { hour: beginUs / widths.hour, revision };
  const body = encodeAggregates(
    widthUs === widths.minute
      ? { ...statement, minutes: coded }
      : { ...statement, minutes: new Uint8Array(0), hours: coded },
  );
  const sealed = sealer.told("history", fields, { rawFrom: 0, rawTo: 0 }, body);
  // It needs no sample frame: none of those that come is held for its sake.
  const raw = keyOf(rank, sealer.heads.raw.seq);
  toldFrames.put(rank, "history", { sealed, rawFrom: raw, rawTo: raw, shared: false });
  return sealed.headBytes.length + body.length;
}
