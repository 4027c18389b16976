/**
 * Minutes, and hours, as the gateway told them beside those that the hub computes from the samples that it was told. Of two statements
 * about one minute the one about more samples counts, of two about as many the one with the higher revision; what is
 * computed here has revision 0. So repeats, corrections and any order of arrival end the same.
 */
import { toldSpan, type Buckets, type StateTimes, type ToldWidth } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

import { joinBuckets } from "./join-buckets.ts";

/** The minutes of one tag in one hour, or its hours in one day. */
export interface ToldRow {
  readonly buckets: Buckets;
  /** By place in the row: the revision with which it was told, 0 where it was computed here. One for all when equal. */
  readonly revisions: readonly number[];
}

/** The better statement about each minute; `a` where neither is. Times in states are not told: they are taken from either. */
export function betterBuckets(
  a: ToldRow,
  b: ToldRow,
  beginUs: number,
  widthUs: ToldWidth,
): ToldRow {
  const placesOfA = placesOf(a.buckets, beginUs, widthUs);
  const placesOfB = placesOf(b.buckets, beginUs, widthUs);
  const revisions: number[] = [];
  const parts: { readonly buckets: Buckets; readonly fromUs: number; readonly toUs: number }[] = [];
  for (let place = 0; place < placesIn(widthUs); place++) {
    const takesB = isBetter(statementOf(b, placesOfB, place), statementOf(a, placesOfA, place));
    const chosen = takesB ? b : a;
    revisions.push(revisionAt(chosen, place));
    const row = (takesB ? placesOfB : placesOfA)[place] ?? -1;
    const fromUs = beginUs + place * widthUs;
    if (row >= 0) parts.push({ buckets: chosen.buckets, fromUs, toUs: fromUs + widthUs });
  }
  const joined = joinBuckets(widthUs, parts);
  const states = statesOf(joined.startUs, [a.buckets, b.buckets]);
  return { buckets: states === undefined ? joined : { ...joined, states }, revisions };
}

/** Only what was told; what was computed is left out. */
export function toldOnly(
  { buckets, revisions }: ToldRow,
  beginUs: number,
  widthUs: ToldWidth,
): ToldRow {
  const told = Array.from({ length: placesIn(widthUs) }, (_, place) => place).flatMap((place) => {
    if (revisionAt({ buckets, revisions }, place) === 0) return [];
    const fromUs = beginUs + place * widthUs;
    return [{ buckets, fromUs, toUs: fromUs + widthUs }];
  });
  return { buckets: joinBuckets(widthUs, told), revisions };
}

/**
 * Hours that were told, of which those that are not in it were not spoken of: beside what is known of a day, they say
 * nothing.
 */
export function spokenOf(hours: Buckets, revision: number, dayUs: number): ToldRow {
  const places = placesOf(hours, dayUs, hours.widthUs as ToldWidth);
  return { buckets: hours, revisions: Array.from(places, (row) => (row < 0 ? 0 : revision)) };
}

/** As it is kept: nothing where no minute was told, one where all were by one statement. */
export function packRevisions(revisions: readonly number[]): readonly number[] | null {
  const [first = 0] = revisions;
  if (revisions.some((revision) => revision !== first)) return revisions;
  return first === 0 ? null : [first];
}

interface Statement {
  readonly samples: number;
  readonly revision: number;
}

function isBetter(one: Statement, than: Statement): boolean {
  if (one.samples !== than.samples) return one.samples > than.samples;
  return one.revision > than.revision;
}

function statementOf(hour: ToldRow, places: Int32Array, place: number): Statement {
  return {
    samples: hour.buckets.samples[places[place] ?? -1] ?? 0,
    revision: revisionAt(hour, place),
  };
}

function revisionAt({ revisions }: ToldRow, place: number): number {
  return (revisions.length === 1 ? revisions[0] : revisions[place]) ?? 0;
}

function placesIn(widthUs: ToldWidth): number {
  return toldSpan(widthUs) / widthUs;
}

/** The row of each place of the hour or day, -1 where there is none. */
function placesOf({ count, startUs }: Buckets, beginUs: number, widthUs: ToldWidth): Int32Array {
  const places = new Int32Array(placesIn(widthUs)).fill(-1);
  for (let row = 0; row < count; row++) {
    const place = Math.round(((startUs[row] ?? NaN) - beginUs) / widthUs);
    if (place >= 0 && place < places.length) places[place] = row;
  }
  return places;
}

function statesOf(startUs: Float64Array, sources: readonly Buckets[]): StateTimes | undefined {
  if (sources.every(({ states }) => states === undefined)) return undefined;
  const keys: Scalar[] = [];
  const bucket: number[] = [];
  const key: number[] = [];
  const us: number[] = [];
  for (const [at, minuteUs] of startUs.entries()) {
    for (const { states, startUs: starts } of sources) {
      const row = starts.indexOf(minuteUs);
      const rows = row < 0 || states === undefined ? [] : rowsOf(states, row);
      if (rows.length === 0 || states === undefined) continue;
      for (const one of rows) {
        const scalar = states.keys[states.key[one] ?? 0] ?? 0;
        const known = keys.indexOf(scalar);
        bucket.push(at);
        key.push(known < 0 ? keys.push(scalar) - 1 : known);
        us.push(states.us[one] ?? 0);
      }
      break;
    }
  }
  return {
    keys,
    count: bucket.length,
    bucket: Uint32Array.from(bucket),
    key: Uint32Array.from(key),
    us: Float64Array.from(us),
  };
}

function rowsOf({ bucket, count }: StateTimes, row: number): readonly number[] {
  const rows: number[] = [];
  for (let at = 0; at < count; at++) if (bucket[at] === row) rows.push(at);
  return rows;
}
