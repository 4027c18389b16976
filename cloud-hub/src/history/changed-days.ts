/**
 * Which days of which gateways read otherwise than before. Each day of a bucket of gateways has a version in
 * `history_days`, which says whether its file of samples still holds everything (lake/compactor.ts).
 */
import { bucketOf, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import type { MovedRange } from "./correct-chunks.ts";
import { dayOf, dayUs } from "./samples/chunk.ts";
import { rowAt } from "./samples/merge-series.ts";
import type { ArrivedSeries } from "./sort-series.ts";

export interface ChangedDay {
  readonly gateway: GatewayId;
  /** Days since 1970, as samples are read. */
  readonly day: number;
}

/** Days in which samples of a gateway are read that were not there before. */
export function* daysOfArrived(arrived: readonly ArrivedSeries[]): Iterable<ChangedDay> {
  for (const one of arrived) {
    const { gateway, firstUs, lastUs, offsetUs } = one;
    const [firstDay, lastDay] = [dayOf(firstUs + offsetUs), dayOf(lastUs + offsetUs)];
    yield { gateway, day: firstDay };
    if (firstDay === lastDay) continue;
    const samples = one.read();
    for (let row = 0; row < samples.count;) {
      const day = dayOf((samples.measuredUs[row] ?? NaN) + offsetUs);
      yield { gateway, day };
      row = rowAt(samples, (day + 1) * dayUs - offsetUs);
    }
  }
}

export function* daysOfMoved(moved: readonly MovedRange[]): Iterable<ChangedDay> {
  for (const { gateway, firstUs, lastUs } of moved) {
    for (let day = dayOf(firstUs); day <= dayOf(lastUs); day++) yield { gateway, day };
  }
}

export async function noteChangedDays(
  client: pg.ClientBase,
  days: Iterable<ChangedDay>,
  nowUs: number,
): Promise<void> {
  const changed = new Map<string, { readonly day: number; readonly bucket: number }>();
  for (const { gateway, day } of days) {
    const bucket = bucketOf(gateway);
    changed.set(`${day}/${bucket}`, { day, bucket });
  }
  const rows = [...changed.values()];
  await client.query(
    `insert into history_days (day, bucket, version, changed_us)
     select k.day, k.bucket, 1, $3 from unnest($1::int[], $2::smallint[]) k (day, bucket)
     on conflict (day, bucket) do update set version = history_days.version + 1, changed_us = excluded.changed_us`,
    [rows.map(({ day }) => day), rows.map(({ bucket }) => bucket), Math.round(nowUs)],
  );
}
