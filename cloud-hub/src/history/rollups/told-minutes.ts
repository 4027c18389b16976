/**
 * Minutes as the gateway told them beside those that the hub computes from the samples that it was told. Of two statements
 * about one minute the one about more samples counts, of two about as many the one with the higher revision; what is
 * computed here has revision 0. So repeats, corrections and any order of arrival end the same.
 */
import { widths, type Buckets, type StateTimes } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

import { joinBuckets } from "./join-buckets.ts";

const minutesPerHour = widths.hour / widths.minute;

/** The minutes of one tag in one hour. */
export interface HourMinutes {
  readonly buckets: Buckets;
  /** By minute of the hour: the revision with which it was told, 0 where it was computed here. One for all when equal. */
  readonly revisions: readonly number[];
}

/** The better statement about each minute; `a` where neither is. Times in states are not told: they are taken from either. */
export function betterMinutes(a: HourMinutes, b: HourMinutes, hourUs: number): HourMinutes {
  const placesOfA = placesOf(a.buckets, hourUs);
  const placesOfB = placesOf(b.buckets, hourUs);
  const revisions: number[] = [];
  const parts: { readonly buckets: Buckets; readonly fromUs: number; readonly toUs: number }[] = [];
  for (let place = 0; place < minutesPerHour; place++) {
    const takesB = isBetter(statementOf(b, placesOfB, place), statementOf(a, placesOfA, place));
    const chosen = takesB ? b : a;
    revisions.push(revisionAt(chosen, place));
    const row = (takesB ? placesOfB : placesOfA)[place] ?? -1;
    const fromUs = hourUs + place * widths.minute;
    if (row >= 0) parts.push({ buckets: chosen.buckets, fromUs, toUs: fromUs + widths.minute });
  }
  const joined = joinBuckets(widths.minute, parts);
  const states = statesOf(joined.startUs, [a.buckets, b.buckets]);
  return { buckets: states === undefined ? joined : { ...joined, states }, revisions };
}

/** Only what was told; computed minutes are left out. */
export function toldOnly({ buckets, revisions }: HourMinutes, hourUs: number): HourMinutes {
  const computed = Array.from({ length: minutesPerHour }, (_, place) => place).flatMap((place) => {
    if (revisionAt({ buckets, revisions }, place) === 0) return [];
    const fromUs = hourUs + place * widths.minute;
    return [{ buckets, fromUs, toUs: fromUs + widths.minute }];
  });
  return { buckets: joinBuckets(widths.minute, computed), revisions };
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

function statementOf(hour: HourMinutes, places: Int32Array, place: number): Statement {
  return {
    samples: hour.buckets.samples[places[place] ?? -1] ?? 0,
    revision: revisionAt(hour, place),
  };
}

function revisionAt({ revisions }: HourMinutes, place: number): number {
  return (revisions.length === 1 ? revisions[0] : revisions[place]) ?? 0;
}

/** The row of each minute of the hour, -1 where there is none. */
function placesOf({ count, startUs }: Buckets, hourUs: number): Int32Array {
  const places = new Int32Array(minutesPerHour).fill(-1);
  for (let row = 0; row < count; row++) {
    const place = Math.round(((startUs[row] ?? NaN) - hourUs) / widths.minute);
    if (place >= 0 && place < minutesPerHour) places[place] = row;
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
